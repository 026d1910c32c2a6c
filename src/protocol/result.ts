/**
 * Results as Celery's result backends carry them (celery/backends/base.py `_get_result_meta`). The value is
 * JSON text that is ready when it gets here: it is put into place, never parsed and written again.
 */
import type { ErrorRecord, JsonText, TaskId } from '../contract/job.ts';
import { MessageTooLarge, ProtocolError } from '../errors.ts';
import { formatIsoDateTime, parseIsoDateTime } from './dates.ts';
import { errorFromRecord, exceptionText, recordFromResult } from './exception.ts';
import { isFields, optionalText, textField } from './fields.ts';
import { parseJson, stringifyJson } from './json.ts';
import { FAILURE, isException, isReady, type RETRY, type REVOKED, SUCCESS } from './states.ts';

/**
 * Largest result in bytes: under MongoDB's limit for a document (16 MiB) and, with room for what is around
 * it, under 12 MiB, this package's limit for messages. So a result is either stored and sent, or neither.
 */
const MAX_RESULT_BYTES = 12 * 1024 * 1024 - 256 * 1024;

/** Whose result it is and where it goes. Every task message has the fields. */
export interface ResultAddress {
  readonly taskId: TaskId;
  readonly groupId: string | null;
  readonly parentId: string | null;
  /** The client's reply queue, null if it has none. */
  readonly replyTo: string | null;
  /** What the client recognizes the reply by: the task id, unless it set another. */
  readonly correlationId: string;
}

/** A state of a task, as the worker reports it. */
export interface TaskResult extends ResultAddress {
  readonly state: string;
  /** The value that the task returned, or the exception, or what belongs to the state. */
  readonly result: JsonText;
  readonly traceback: string | null;
  /** What the task has sent, as Celery's result tuples: `[[[id, null], null], …]`. */
  readonly children: readonly unknown[];
  /** Null until the task has ended. */
  readonly dateDone: Date | null;
}

/** A state of a task, as a client reads it (Celery's result meta). */
export interface ResultMeta {
  readonly taskId: string;
  readonly state: string;
  /** The value, decoded; an exception dict in the states FAILURE, REVOKED and RETRY. */
  readonly result: unknown;
  readonly traceback: string | null;
  readonly children: readonly unknown[];
  readonly dateDone: Date | null;
}

/** The task returned a value. */
export function successResult(address: ResultAddress, result: JsonText, dateDone = new Date()): TaskResult {
  return resultOf(address, SUCCESS, result, null, dateDone);
}

/** The task failed, was revoked, or will be tried again. */
export function errorResult(
  address: ResultAddress,
  error: ErrorRecord,
  state: typeof FAILURE | typeof REVOKED | typeof RETRY = FAILURE,
  now = new Date(),
): TaskResult {
  return resultOf(address, state, exceptionText(error), error.traceback, isReady(state) ? now : null);
}

/** The task is on its way: STARTED with `{pid, hostname}`, or a state of its own with what it reports. */
export function progressResult(address: ResultAddress, state: string, meta: unknown): TaskResult {
  return resultOf(address, state, stringifyJson(meta), null, null);
}

/** The body of a message to the reply queue (`rpc://`). */
export function encodeResult(result: TaskResult): JsonText {
  const date = result.dateDone && formatIsoDateTime(result.dateDone);
  const group = result.groupId === null ? '' : `, "group_id": ${JSON.stringify(result.groupId)}`;
  const parent = result.parentId === null ? '' : `, "parent_id": ${JSON.stringify(result.parentId)}`;
  return (`{"task_id": ${JSON.stringify(result.taskId)}, "status": ${JSON.stringify(result.state)}, ` +
    `"result": ${result.result}, "traceback": ${JSON.stringify(result.traceback)}, ` +
    `"children": ${JSON.stringify(result.children)}, "date_done": ${JSON.stringify(date)}${group}${parent}}`) as JsonText;
}

/**
 * Reads a message from the reply queue.
 *
 * @throws ProtocolError if it is no result.
 */
export function decodeResult(body: Buffer): ResultMeta {
  const where = 'a reply';
  const meta = parseJson(body.toString('utf8'));
  if (!isFields(meta)) throw new ProtocolError(`${where} is no result: its body is no JSON object`);
  const date = optionalText(meta, 'date_done', where);
  return {
    taskId: textField(meta, 'task_id', where),
    state: textField(meta, 'status', where),
    result: meta.result ?? null,
    traceback: optionalText(meta, 'traceback', where),
    children: Array.isArray(meta.children) ? meta.children : [],
    dateDone: date === null ? null : parseIsoDateTime(date),
  };
}

/**
 * The value of a task that succeeded.
 *
 * @throws TaskFailed if it failed, was revoked, or is to be tried again.
 */
export function unwrapResult(meta: ResultMeta): unknown {
  if (!isException(meta.state)) return meta.result;
  throw errorFromRecord(meta.taskId, recordFromResult(meta.result, meta.traceback));
}

/** @throws MessageTooLarge naming the task, for a result that cannot be both stored and sent. */
export function assertResultSize({ taskId, result }: TaskResult): void {
  const bytes = Buffer.byteLength(result);
  if (bytes <= MAX_RESULT_BYTES) return;
  throw new MessageTooLarge(
    `the result of task ${taskId} has ${bytes} bytes, the limit is ${MAX_RESULT_BYTES}: ` +
      'store it as a dataset and return its name',
  );
}

/** Only the address is taken of what is often a whole message, field by field: a spread costs 5 µs. */
function resultOf(
  { taskId, groupId, parentId, replyTo, correlationId }: ResultAddress,
  state: string,
  result: JsonText,
  traceback: string | null,
  dateDone: Date | null,
): TaskResult {
  return {
    taskId,
    groupId,
    parentId,
    replyTo,
    correlationId,
    state,
    result,
    traceback,
    children: [],
    dateDone,
  };
}
