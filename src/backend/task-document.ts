/** A state of a task as a document of the collection `celery_taskmeta` (celery/backends/mongodb.py). */
import { ProtocolError } from '../errors.ts';
import { Binary } from '../mongo/bson.ts';
import { LARGE_RESULT_FIELD, largeResultText, readLargeResult } from '../protocol/large-result.ts';
import type { ResultMeta, TaskResult } from '../protocol/result.ts';
import type { ResultContent, Stored } from '../protocol/result-content.ts';
import { type ResultRequest, readRequest, requestFields } from '../protocol/result-request.ts';
import { isReady } from '../protocol/states.ts';
import { readStoredValue, writeStoredValue } from '../protocol/stored-result.ts';
import { toNative } from './native-values.ts';

/** The fields that every document has; those of `result_extended` come on top. */
export interface TaskMeta {
  readonly _id: string;
  readonly status: string;
  /** Text of JSON or YAML, or binary: msgpack, pickle, and what is compressed. */
  readonly result: unknown;
  readonly traceback: string | null;
  readonly children: readonly unknown[];
  readonly date_done: Date | null;
  readonly group_id?: string;
  readonly parent_id?: string;
}

/** Names that MongoDB takes for a field of a whole document. */
const FIELD_NAME = /^[^$.\0][^.\0]*$/;

/** @throws EncodeError if the value has no form in the serializer. */
export function documentOf(result: TaskResult, content: ResultContent): TaskMeta {
  const { large, request } = result;
  const value = large === undefined ? result : { state: result.state, result: largeResultText(large) };
  return {
    _id: result.taskId,
    status: result.state,
    result: writeStoredValue(value, content),
    traceback: result.traceback,
    children: result.children,
    date_done: result.dateDone,
    ...(result.groupId === null ? {} : { group_id: result.groupId }),
    ...(result.parentId === null ? {} : { parent_id: result.parentId }),
    ...(request === undefined ? {} : nativeRequest(request)),
    ...(large === undefined ? {} : { [LARGE_RESULT_FIELD]: large }),
  };
}

/** @throws ProtocolError if the result was stored by a serializer that is not accepted. */
export function metaOf(document: TaskMeta, content: ResultContent): ResultMeta {
  const { _id: taskId, status: state, result, traceback, children, date_done: dateDone } = document;
  const fields = { ...document };
  const request = readRequest(fields);
  const meta = { taskId, state, traceback, children, dateDone, ...(request && { request }) };
  const large = readLargeResult(fields);
  if (large !== undefined) return { ...meta, result: null, large };
  try {
    return {
      ...meta,
      result: readStoredValue(storedOf(`the result of task ${taskId}`, result), meta, content),
    };
  } catch (error) {
    if (isReady(state) || !(error instanceof ProtocolError)) throw error;
    return { ...meta, result: null };
  }
}

/** Bytes of the value in a document; none for what no serializer has written. */
export function sizeOf({ result }: TaskMeta): number {
  if (typeof result === 'string') return Buffer.byteLength(result);
  return result instanceof Binary ? result.position : 0;
}

/**
 * What is stored in a field `result`.
 *
 * @param where - names it in errors.
 * @throws ProtocolError for what no serializer has written.
 */
export function storedOf(where: string, result: unknown): Stored {
  if (typeof result === 'string') return result;
  if (result instanceof Binary) return Buffer.from(result.buffer.subarray(0, result.position));
  throw new ProtocolError(
    `${where} is a value of MongoDB, which is not read: set result_serializer='json' where it was written`,
  );
}

function nativeRequest(request: ResultRequest): Readonly<Record<string, unknown>> {
  const stamps = Object.entries(request.stamps).filter(([name]) => FIELD_NAME.test(name));
  const fields = requestFields({ ...request, stamps: Object.fromEntries(stamps) });
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toNative(value)]));
}
