/**
 * Results in MongoDB, in the collection and form of Celery's `mongodb://` backend
 * (celery/backends/mongodb.py).
 */
import type { Collection } from '../mongo/bson.ts';
import type { Mongo } from '../mongo/client.ts';
import { isInline, type ResultMeta, type TaskResult } from '../protocol/result.ts';
import { type ExpiringOptions, NEVER, type ResultStore } from './backend.ts';
import { BatchWriter } from './batch.ts';
import { type LargeResults, openLargeResults } from './large-results.ts';
import { openGroups } from './mongo-groups.ts';
import { reaching } from './reaching.ts';
import { metaOf, type TaskMeta } from './task-document.ts';
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
export async function openMongoBackend(
  mongo: Mongo,
  { expires }: ExpiringOptions = NEVER,
): Promise<ResultStore> {
  const tasks = mongo.db.collection<TaskMeta>(COLLECTION);
  await reaching(() => tasks.createIndex({ date_done: 1 }, { name: 'date_done_1', background: true }));
  const large = openLargeResults(mongo);
  const groups = openGroups(mongo);
  const writer = new BatchWriter<TaskResult>({
    limit: BATCH_LIMIT,
    key: (result) => result.taskId,
    write: (results) => writeResults(tasks, results),
  });
  return {
    async store(result) {
      await writer.add(isInline(result) ? result : await large.park(result));
    },
    async fetchResult(taskId) {
      const document = await reaching(() => tasks.findOne({ _id: taskId }));
      return document && (await large.resolve(metaOf(document)));
    },
    fetchResults: (taskIds) => fetchResults(tasks, large, taskIds),
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
  large: LargeResults,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, ResultMeta>> {
  const documents = await reaching(() => tasks.find({ _id: { $in: [...taskIds] } }).toArray());
  const metas = new Map<string, ResultMeta>();
  for (const document of documents) metas.set(document._id, await large.resolve(metaOf(document)));
  return metas;
}
