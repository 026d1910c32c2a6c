/** States of many tasks in few writes; the first terminal state of each stays. */
import { setTimeout as delay } from 'node:timers/promises';
import { OperationalError, ResultRefused } from '../errors.ts';
import { isTransient } from '../mongo/availability.ts';
import type { BulkOperation, Collection } from '../mongo/bson.ts';
import { READY_STATES } from '../protocol/states.ts';
import { bulkFailures, isOfOneDocument, type WriteFailure } from './bulk-failures.ts';
import { reaching } from './reaching.ts';
import type { TaskMeta } from './task-document.ts';

/** How often a write is tried that met a document which is not final, and the first pause between, doubled. */
const ATTEMPTS = 6;
const PAUSE_MS = 10;
const DUPLICATE_KEY = 11_000;

/**
 * Writes results of different tasks. Answers per result with the error it ended in, or null.
 *
 * @throws OperationalError, BackendStoreError if a write failed as a whole.
 */
export async function writeResults(
  tasks: Collection<TaskMeta>,
  results: readonly TaskMeta[],
): Promise<readonly unknown[]> {
  const errors = new Map<TaskMeta, unknown>();
  let open = results;
  for (let attempt = 0; open.length > 0 && attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await delay(PAUSE_MS * 2 ** attempt);
    open = await writeOnce(tasks, open, errors);
  }
  for (const result of open) errors.set(result, unconfirmed(result));
  return results.map((result) => errors.get(result) ?? null);
}

/**
 * Answers with the results to be tried again; notes the errors of those that are not. Nearly all tasks report one
 * state only, and an insertion costs the server a fifth of what an upsert does: so they are inserted, and only where
 * something is there already it is replaced.
 */
async function writeOnce(
  tasks: Collection<TaskMeta>,
  results: readonly TaskMeta[],
  errors: Map<TaskMeta, unknown>,
): Promise<readonly TaskMeta[]> {
  const there = await writeEach(tasks, results, insertion, errors);
  const ended = await writeEach(tasks, there, replacement, errors);
  return await notFinal(tasks, ended);
}

function insertion(result: TaskMeta): BulkOperation<TaskMeta> {
  return { insertOne: { document: result } };
}

function replacement(result: TaskMeta): BulkOperation<TaskMeta> {
  const filter = { _id: result._id, status: { $nin: READY_STATES } };
  return { replaceOne: { filter, replacement: result, upsert: true } };
}

/** Answers with the results that a document of their id keeps out; notes the errors of others that were refused. */
async function writeEach(
  tasks: Collection<TaskMeta>,
  results: readonly TaskMeta[],
  operation: (result: TaskMeta) => BulkOperation<TaskMeta>,
  errors: Map<TaskMeta, unknown>,
): Promise<readonly TaskMeta[]> {
  if (results.length === 0) return [];
  const failures = await writeBulk(tasks, results.map(operation));
  for (const [index, failure] of failures) {
    const result = results[index];
    if (result && failure.code !== DUPLICATE_KEY) errors.set(result, refusal(result, failure));
  }
  return results.filter((_, index) => failures.get(index)?.code === DUPLICATE_KEY);
}

/**
 * The failed writes by index. One document that MongoDB cannot even read, because it is too large or nested too deep, makes
 * the whole bulk fail: it is found by halving, so that all others are written.
 *
 * @throws OperationalError, BackendStoreError if the write failed as a whole.
 */
async function writeBulk(
  tasks: Collection<TaskMeta>,
  operations: readonly BulkOperation<TaskMeta>[],
): Promise<ReadonlyMap<number, WriteFailure>> {
  try {
    return await reaching(() => writeAll(tasks, operations));
  } catch (error) {
    const { cause } = error as Error;
    if (!isOfOneDocument(cause)) throw error;
    if (operations.length === 1) return new Map([[0, failureOf(cause)]]);
    return await writeHalves(tasks, operations);
  }
}

function failureOf(error: Error): WriteFailure {
  const code: unknown = Reflect.get(error, 'code');
  return { code: typeof code === 'number' ? code : null, message: error.message };
}

async function writeAll(
  tasks: Collection<TaskMeta>,
  operations: readonly BulkOperation<TaskMeta>[],
): Promise<ReadonlyMap<number, WriteFailure>> {
  try {
    await tasks.bulkWrite(operations, { ordered: false, writeConcern: { w: 'majority', j: true } });
    return new Map();
  } catch (error) {
    return bulkFailures(error);
  }
}

async function writeHalves(
  tasks: Collection<TaskMeta>,
  operations: readonly BulkOperation<TaskMeta>[],
): Promise<ReadonlyMap<number, WriteFailure>> {
  const middle = Math.ceil(operations.length / 2);
  const first = await writeBulk(tasks, operations.slice(0, middle));
  const second = await writeBulk(tasks, operations.slice(middle));
  return new Map([...first, ...[...second].map(([index, failure]) => [index + middle, failure] as const)]);
}

/**
 * A duplicate key of a replacement means that a document is there which its filter passes over: a terminal state,
 * which stays. It is read back with majority concern, because only what survives a failover may be acknowledged.
 */
async function notFinal(
  tasks: Collection<TaskMeta>,
  duplicates: readonly TaskMeta[],
): Promise<readonly TaskMeta[]> {
  if (duplicates.length === 0) return [];
  const filter = {
    _id: { $in: duplicates.map(({ _id }) => _id) },
    status: { $in: READY_STATES },
  };
  const options = { projection: { _id: 1 }, readConcern: { level: 'majority' } } as const;
  const final = await reaching(() => tasks.find(filter, options).toArray());
  const ids = new Set(final.map(({ _id }) => _id));
  return duplicates.filter(({ _id }) => !ids.has(_id));
}

function refusal(result: TaskMeta, failure: WriteFailure): ResultRefused | OperationalError {
  if (isTransient(failure)) {
    return new OperationalError(
      `the result of task ${result._id} cannot be stored in MongoDB now (${failure.message}): it is failing over, or its disk needs more room`,
    );
  }
  const code = failure.code === null ? '' : ` (error ${failure.code})`;
  return new ResultRefused(
    `the result of task ${result._id} is refused by MongoDB${code}: ${failure.message}. ` +
      'Check the rules of the collection celery_taskmeta; a document may have 16 MB and 180 levels',
  );
}

function unconfirmed(result: TaskMeta): OperationalError {
  return new OperationalError(
    `the result of task ${result._id} met another write that a majority of MongoDB's members does not confirm yet; try again`,
  );
}
