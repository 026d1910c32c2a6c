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
import { LARGE_RESULT_FIELD, type LargeResult, largeResultError, readLargeResult } from './large-result.ts';
import { type ResultRequest, readRequest, requestFields } from './result-request.ts';
import { FAILURE, isException, isReady, type RETRY, type REVOKED, SUCCESS } from './states.ts';

/** Largest result in bytes: what one text can safely hold in each of the processes that it passes. */
export const MAX_RESULT_BYTES = 256 * 1024 * 1024;

/** Largest message that is sent, in bytes. */
export const MAX_MESSAGE_BYTES = 12 * 1024 * 1024;

/**
 * Largest result in bytes that a document or a message holds: under MongoDB's limit for a document (16 MiB) and, with
 * room for what is around it, under this package's limit for messages.
 */
export const MAX_INLINE_BYTES = MAX_MESSAGE_BYTES - 1280 * 1024;

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
  /** Kept with the result where `result_extended` is set. */
  readonly request?: ResultRequest;
  /** Set when the value lies in GridFS: it is what is stored and sent, in the place of `result`. */
  readonly large?: LargeResult;
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
  /** What `result_extended` has kept. */
  readonly request?: ResultRequest;
  /** Set when the value lies in GridFS; `result` is null until it is read from there. */
  readonly large?: LargeResult;
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
  return stateResult(address, state, stringifyJson(meta));
}

/** As {@link progressResult}, of what is written as JSON already. */
export function stateResult(address: ResultAddress, state: string, meta: JsonText): TaskResult {
  return resultOf(address, state, meta, null, null);
}

/** The body of a message to the reply queue (`rpc://`), and the value of a key in Redis; in Celery's order. */
export function encodeResult(result: TaskResult): JsonText {
  const { taskId, groupId, parentId, large } = result;
  if (large !== undefined) return encodeLarge(result, large);
  const date = result.dateDone && formatIsoDateTime(result.dateDone);
  const group = groupId === null ? '' : `, "group_id": ${JSON.stringify(groupId)}`;
  const parent = parentId === null ? '' : `, "parent_id": ${JSON.stringify(parentId)}`;
  const request = result.request === undefined ? '' : `, ${members(requestFields(result.request))}`;
  return (`{"status": ${JSON.stringify(result.state)}, "result": ${result.result}, ` +
    `"traceback": ${JSON.stringify(result.traceback)}, "children": ${JSON.stringify(result.children)}, ` +
    `"date_done": ${JSON.stringify(date)}${group}${parent}${request}, "task_id": ${JSON.stringify(taskId)}}`) as JsonText;
}

/**
 * Reads the body of a message from the reply queue, and the value of a key in Redis.
 *
 * @param where - names the message in errors.
 * @throws ProtocolError if it is no result.
 */
export function decodeResult(text: JsonText, where = 'a reply'): ResultMeta {
  const meta = parseJson(text);
  if (!isFields(meta)) throw new ProtocolError(`${where} is no result: its body is no JSON object`);
  const date = optionalText(meta, 'date_done', where);
  const request = readRequest(meta);
  const large = readLargeResult(meta);
  return {
    taskId: textField(meta, 'task_id', where),
    state: large?.state ?? textField(meta, 'status', where),
    result: large ? null : (meta.result ?? null),
    traceback: optionalText(meta, 'traceback', where),
    children: Array.isArray(meta.children) ? meta.children : [],
    dateDone: date === null ? null : parseIsoDateTime(date),
    ...(request && { request }),
    ...(large && { large }),
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

/** Whether a document and a message have room for it; a reference takes little. */
export function isInline({ result, large }: TaskResult): boolean {
  if (large !== undefined || result.length * 3 <= MAX_INLINE_BYTES) return true;
  return Buffer.byteLength(result) <= MAX_INLINE_BYTES;
}

/** @throws MessageTooLarge naming the task, for a result that can neither be stored nor sent. */
export function assertResultSize({ taskId, result }: TaskResult): void {
  assertSize(`the result of task ${taskId}`, result);
}

/**
 * @param limit - bytes, where a worker has room for fewer than can be stored.
 * @throws MessageTooLarge naming what is too large.
 */
export function assertSize(what: string, text: JsonText, limit = MAX_RESULT_BYTES): void {
  if (text.length * 3 <= limit) return;
  const bytes = Buffer.byteLength(text);
  if (bytes <= limit) return;
  const remedy = limit < MAX_RESULT_BYTES ? ', or give the worker more memory or fewer slots' : '';
  throw new MessageTooLarge(
    `${what} has ${bytes} bytes, the limit is ${limit}: store it as a dataset and return its name${remedy}`,
  );
}

/** Clients that do not know references see a failure that says where the value is. */
function encodeLarge({ large: _, ...result }: TaskResult, large: LargeResult): JsonText {
  const shown = { ...result, state: FAILURE, result: exceptionText(largeResultError(result.taskId, large)) };
  const text = encodeResult(shown);
  return `${text.slice(0, -1)}, "${LARGE_RESULT_FIELD}": ${JSON.stringify(large)}}` as JsonText;
}

/** The members of an object, without the braces. */
function members(fields: Readonly<Record<string, unknown>>): string {
  return stringifyJson(fields).slice(1, -1);
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
