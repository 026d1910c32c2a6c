/**
 * Results in MongoDB, in the collection and form of Celery's `mongodb://` backend
 * (celery/backends/mongodb.py).
 */
import type { Collection } from '../mongo/bson.ts';
import type { Mongo } from '../mongo/client.ts';
import { isInline, type ResultMeta } from '../protocol/result.ts';
import { contentOf, NEVER, type ResultOptions, type ResultStore } from './backend.ts';
import { BatchWriter } from './batch.ts';
import { openLargeResults } from './large-results.ts';
import { openGroups } from './mongo-groups.ts';
import { reaching } from './reaching.ts';
import { documentOf, metaOf, sizeOf, type TaskMeta } from './task-document.ts';
import { ValueRoom } from './value-room.ts';
import { writeResults } from './write-results.ts';

const COLLECTION = 'celery_taskmeta';
/** Results in one bulk write. */
const BATCH_LIMIT = 1000;

/**
 * Opens the backend and creates Celery's index on `date_done`.
 *
 * The first terminal state of a task stays: later ones are taken as done already. Results that arrive while
 * one is being written go together into the next bulk write, and every one settles by itself. Values that are too
 * large for a document go to GridFS.
 *
 * @throws OperationalError if MongoDB cannot be reached.
 */
export async function openMongoBackend(mongo: Mongo, options: ResultOptions = NEVER): Promise<ResultStore> {
  const { expires } = options;
  const content = contentOf(options);
  const tasks = mongo.db.collection<TaskMeta>(COLLECTION);
  await reaching(() => tasks.createIndex({ date_done: 1 }, { name: 'date_done_1', background: true }));
  const large = openLargeResults(mongo);
  const groups = openGroups(mongo, content);
  const writer = new BatchWriter<TaskMeta>({
    limit: BATCH_LIMIT,
    key: ({ _id }) => _id,
    write: (documents) => writeResults(tasks, documents),
  });
  const read = (document: TaskMeta) => large.resolve(metaOf(document, content));
  return {
    async store(result) {
      await writer.add(documentOf(isInline(result) ? result : await large.park(result), content));
    },
    async fetchResult(taskId) {
      const document = await reaching(() => tasks.findOne({ _id: taskId }));
      return document && (await read(document));
    },
    fetchResults: (taskIds) => fetchResults(tasks, taskIds, read),
    fetchStates: (taskIds) => fetchStates(tasks, taskIds),
    async fetchInline(taskIds, limit) {
      const metas = new Map<string, ResultMeta>();
      const room = new ValueRoom(limit);
      for await (const document of documentsOf(tasks, taskIds)) {
        room.take(sizeOf(document));
        metas.set(document._id, metaOf(document, content));
      }
      return metas;
    },
    async forgetResult(taskId) {
      await reaching(() => tasks.deleteOne({ _id: taskId }));
      await large.remove(taskId);
    },
    saveGroup: groups.save,
    fetchGroup: groups.fetch,
    async cleanup(now = new Date()) {
      if (expires === 0) return;
      const cutoff = new Date(now.getTime() - expires * 1000);
      await reaching(() => tasks.deleteMany({ date_done: { $lt: cutoff } }));
      await groups.removeOlder(cutoff);
      await large.removeOlder(cutoff);
    },
    close: () => writer.idle(),
  };
}

async function fetchResults(
  tasks: Collection<TaskMeta>,
  taskIds: readonly string[],
  read: (document: TaskMeta) => Promise<ResultMeta>,
): Promise<ReadonlyMap<string, ResultMeta>> {
  const documents = await reaching(() => tasks.find({ _id: { $in: [...taskIds] } }).toArray());
  const metas = new Map<string, ResultMeta>();
  for (const document of documents) metas.set(document._id, await read(document));
  return metas;
}

async function fetchStates(
  tasks: Collection<TaskMeta>,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const options = { projection: { status: 1 } } as const;
  const documents = await reaching(() => tasks.find({ _id: { $in: [...taskIds] } }, options).toArray());
  return new Map(documents.map(({ _id, status }) => [_id, status]));
}

/** One by one: all of them together may be more than the memory. */
async function* documentsOf(
  tasks: Collection<TaskMeta>,
  taskIds: readonly string[],
): AsyncIterable<TaskMeta> {
  const cursor = tasks.find({ _id: { $in: [...taskIds] } });
  const next = () => reaching(() => cursor.next());
  try {
    for (let document = await next(); document !== null; document = await next()) yield document;
  } finally {
    await cursor.close();
  }
}
