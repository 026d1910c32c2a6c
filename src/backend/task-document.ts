/** A state of a task as a document of the collection `celery_taskmeta` (celery/backends/mongodb.py). */
import { ProtocolError } from '../errors.ts';
import { parseJson } from '../protocol/json.ts';
import { LARGE_RESULT_FIELD, largeResultText, readLargeResult } from '../protocol/large-result.ts';
import type { ResultMeta, TaskResult } from '../protocol/result.ts';
import { type ResultRequest, readRequest, requestFields } from '../protocol/result-request.ts';
import { isReady } from '../protocol/states.ts';
import { toNative } from './native-values.ts';

/** The fields that every document has; those of `result_extended` come on top. */
export interface TaskMeta {
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

/** Names that MongoDB takes for a field of a whole document. */
const FIELD_NAME = /^[^$.\0][^.\0]*$/;

export function documentOf(result: TaskResult): TaskMeta {
  const { large, request } = result;
  return {
    _id: result.taskId,
    status: result.state,
    result: large === undefined ? result.result : largeResultText(large),
    traceback: result.traceback,
    children: result.children,
    date_done: result.dateDone,
    ...(result.groupId === null ? {} : { group_id: result.groupId }),
    ...(result.parentId === null ? {} : { parent_id: result.parentId }),
    ...(request === undefined ? {} : nativeRequest(request)),
    ...(large === undefined ? {} : { [LARGE_RESULT_FIELD]: large }),
  };
}

/** @throws ProtocolError if the result was stored by a serializer other than JSON. */
export function metaOf(document: TaskMeta): ResultMeta {
  const { _id: taskId, status: state, result, traceback, children, date_done: dateDone } = document;
  const fields = { ...document };
  const request = readRequest(fields);
  const meta = { taskId, state, traceback, children, dateDone, ...(request && { request }) };
  const large = readLargeResult(fields);
  if (large !== undefined) return { ...meta, result: null, large };
  if (typeof result === 'string') return { ...meta, result: parseJson(result) };
  if (!isReady(state)) return { ...meta, result: null };
  throw new ProtocolError(
    `the result of task ${taskId} is not stored as JSON: set result_serializer='json' where it was written`,
  );
}

function nativeRequest(request: ResultRequest): Readonly<Record<string, unknown>> {
  const stamps = Object.entries(request.stamps).filter(([name]) => FIELD_NAME.test(name));
  const fields = requestFields({ ...request, stamps: Object.fromEntries(stamps) });
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toNative(value)]));
}
