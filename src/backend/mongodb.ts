/**
 * Results in MongoDB, in the collection and form of Celery's `mongodb://` backend
 * (celery/backends/mongodb.py).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BackendStoreError, OperationalError } from '../errors.ts';
import type { Collection } from '../mongo/bson.ts';
import type { Mongo } from '../mongo/client.ts';
import { isInline, type ResultMeta, type TaskResult } from '../protocol/result.ts';
import { READY_STATES } from '../protocol/states.ts';
import { type ExpiringOptions, NEVER, type ResultStore } from './backend.ts';
import { BatchWriter } from './batch.ts';
import { bulkFailures, type WriteFailure } from './bulk-failures.ts';
import { type LargeResults, openLargeResults } from './large-results.ts';
import { openGroups } from './mongo-groups.ts';
import { reaching } from './reaching.ts';
import { documentOf, metaOf, type TaskMeta } from './task-document.ts';

const COLLECTION = 'celery_taskmeta';
/** Results in one bulk write. */
const BATCH_LIMIT = 1000;
/** How often a write is tried that met a document which is not final, and the first pause between, doubled. */
const ATTEMPTS = 6;
const PAUSE_MS = 10;
const DUPLICATE_KEY = 11_000;

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

/** Answers per result with the error it ended in, or null. */
async function writeResults(
  tasks: Collection<TaskMeta>,
  results: readonly TaskResult[],
): Promise<readonly unknown[]> {
  const errors = new Map<TaskResult, unknown>();
  let open = results;
  for (let attempt = 0; open.length > 0 && attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await delay(PAUSE_MS * 2 ** attempt);
    open = await writeOnce(tasks, open, errors);
  }
  for (const result of open) errors.set(result, unconfirmed(result));
  return results.map((result) => errors.get(result) ?? null);
}

/** Answers with the results to be tried again; notes the errors of those that are not. */
async function writeOnce(
  tasks: Collection<TaskMeta>,
  results: readonly TaskResult[],
  errors: Map<TaskResult, unknown>,
): Promise<readonly TaskResult[]> {
  const failures = await bulkReplace(tasks, results);
  const duplicates = results.filter((_, index) => failures.get(index)?.code === DUPLICATE_KEY);
  results.forEach((result, index) => {
    const failure = failures.get(index);
    if (failure !== undefined && failure.code !== DUPLICATE_KEY) errors.set(result, refusal(result, failure));
  });
  return await notFinal(tasks, duplicates);
}

/** The failed writes by index. @throws OperationalError, BackendStoreError if the write failed as a whole. */
async function bulkReplace(
  tasks: Collection<TaskMeta>,
  results: readonly TaskResult[],
): Promise<ReadonlyMap<number, WriteFailure>> {
  const operations = results.map((result) => ({
    replaceOne: {
      filter: { _id: result.taskId, status: { $nin: READY_STATES } },
      replacement: documentOf(result),
      upsert: true,
    },
  }));
  return await reaching(async () => {
    try {
      await tasks.bulkWrite(operations, { ordered: false, writeConcern: { w: 'majority', j: true } });
      return new Map();
    } catch (error) {
      return bulkFailures(error);
    }
  });
}

/**
 * A duplicate key means that a document is there which the filter passes over: a terminal state, which
 * stays. It is read back with majority concern, because only what survives a failover may be acknowledged.
 */
async function notFinal(
  tasks: Collection<TaskMeta>,
  duplicates: readonly TaskResult[],
): Promise<readonly TaskResult[]> {
  if (duplicates.length === 0) return [];
  const filter = {
    _id: { $in: duplicates.map(({ taskId }) => taskId as string) },
    status: { $in: READY_STATES },
  };
  const options = { projection: { _id: 1 }, readConcern: { level: 'majority' } } as const;
  const final = await reaching(() => tasks.find(filter, options).toArray());
  const ids = new Set<string>(final.map(({ _id }) => _id));
  return duplicates.filter(({ taskId }) => !ids.has(taskId));
}

function refusal(result: TaskResult, failure: WriteFailure): BackendStoreError {
  return new BackendStoreError(
    `the result of task ${result.taskId} is refused by MongoDB (error ${failure.code}): ${failure.message}. ` +
      `Check the rules of the collection ${COLLECTION}`,
  );
}

function unconfirmed(result: TaskResult): OperationalError {
  return new OperationalError(
    `the result of task ${result.taskId} met another write that a majority of MongoDB's members does not confirm yet; try again`,
  );
}
