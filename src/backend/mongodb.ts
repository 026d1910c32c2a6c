/**
 * Results in MongoDB, in the collection and form of Celery's `mongodb://` backend
 * (celery/backends/mongodb.py).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BackendStoreError, OperationalError, ProtocolError } from '../errors.ts';
import type { Collection } from '../mongo/bson.ts';
import { isUnavailable, type Mongo } from '../mongo/client.ts';
import { parseJson } from '../protocol/json.ts';
import { assertResultSize, type ResultMeta, type TaskResult } from '../protocol/result.ts';
import { isReady, READY_STATES } from '../protocol/states.ts';
import type { ResultStore } from './backend.ts';
import { BatchWriter } from './batch.ts';
import { bulkFailures, type WriteFailure } from './bulk-failures.ts';

const COLLECTION = 'celery_taskmeta';
/** Results in one bulk write. */
const BATCH_LIMIT = 1000;
/** How often a write is tried that met a document which is not final, and the first pause between, doubled. */
const ATTEMPTS = 6;
const PAUSE_MS = 10;
const DUPLICATE_KEY = 11_000;

interface TaskMeta {
  readonly _id: string;
  readonly status: string;
  /** JSON text; other serializers of Celery store binary or native values. */
  readonly result: unknown;
  readonly traceback: string | null;
  readonly children: readonly unknown[];
  readonly date_done: Date | null;
  readonly group_id?: string;
  readonly parent_id?: string;
}

/**
 * Opens the backend and creates Celery's index on `date_done`.
 *
 * The first terminal state of a task stays: later ones are taken as done already. Results that arrive while
 * one is being written go together into the next bulk write, and every one settles by itself.
 *
 * @throws OperationalError if MongoDB cannot be reached.
 */
export async function openMongoBackend(mongo: Mongo): Promise<ResultStore> {
  const tasks = mongo.db.collection<TaskMeta>(COLLECTION);
  await reaching(() => tasks.createIndex({ date_done: 1 }, { name: 'date_done_1', background: true }));
  const writer = new BatchWriter<TaskResult>({
    limit: BATCH_LIMIT,
    key: (result) => result.taskId,
    write: (results) => writeResults(tasks, results),
  });
  return {
    async store(result) {
      assertResultSize(result);
      await writer.add(result);
    },
    async fetchResult(taskId) {
      const document = await reaching(() => tasks.findOne({ _id: taskId }));
      return document && metaOf(document);
    },
    close: () => writer.idle(),
  };
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

function documentOf(result: TaskResult): TaskMeta {
  return {
    _id: result.taskId,
    status: result.state,
    result: result.result,
    traceback: result.traceback,
    children: result.children,
    date_done: result.dateDone,
    ...(result.groupId === null ? {} : { group_id: result.groupId }),
    ...(result.parentId === null ? {} : { parent_id: result.parentId }),
  };
}

function metaOf(document: TaskMeta): ResultMeta {
  const { _id: taskId, status: state, result, traceback, children, date_done: dateDone } = document;
  if (typeof result === 'string') {
    return { taskId, state, result: parseJson(result), traceback, children, dateDone };
  }
  if (!isReady(state)) return { taskId, state, result: null, traceback, children, dateDone };
  throw new ProtocolError(
    `the result of task ${taskId} is not stored as JSON: set result_serializer='json' where it was written`,
  );
}

async function reaching<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw storeError(error);
  }
}

function storeError(error: unknown): OperationalError | BackendStoreError {
  if (error instanceof OperationalError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (isUnavailable(error)) {
    return new OperationalError(`the result backend cannot be reached: ${reason}. Is MongoDB running?`, {
      cause: error,
    });
  }
  return new BackendStoreError(
    `the result backend refuses: ${reason}. Check the user's rights and the server's log`,
    {
      cause: error,
    },
  );
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
