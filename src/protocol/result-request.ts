/** What `result_extended` keeps of a task's request with its result (celery/backends/base.py `_get_result_meta`). */
import { type Fields, isFields } from './fields.ts';
import { stringifyJson } from './json.ts';

/** Arguments of more bytes of JSON than this are left out: their client knows them, and they would crowd out the result. */
const MAX_ARGUMENTS_BYTES = 512 * 1024;

/** The request that a result belongs to. Everything is null where the task is unknown to its worker, as in Celery. */
export interface ResultRequest {
  readonly name: string | null;
  /** Decoded; null also when they are too large to be kept. */
  readonly args: readonly unknown[] | null;
  /** Decoded; null also when they are too large to be kept. */
  readonly kwargs: Readonly<Record<string, unknown>> | null;
  /** The nodename. */
  readonly worker: string | null;
  readonly retries: number | null;
  /** The routing key that it came by. */
  readonly queue: string | null;
  /** Stamps by name. */
  readonly stamps: Fields;
}

/** The names that a result's fields have: a stamp of such a name must not take its place. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['_id', 'task_id', 'status', 'result', 'traceback', 'children', 'date_done', 'group_id', 'parent_id'],
  ...['name', 'args', 'kwargs', 'worker', 'retries', 'queue', 'stamped_headers', 'omega_large', '__proto__'],
]);

/** The fields that are put into a result, by their wire names and in Celery's order. */
export function requestFields(request: ResultRequest): Fields {
  const { name, worker, retries, queue, stamps } = request;
  const isKept = Buffer.byteLength(stringifyJson([request.args, request.kwargs])) <= MAX_ARGUMENTS_BYTES;
  const args = isKept ? request.args : null;
  const kwargs = isKept ? request.kwargs : null;
  const fields = { name, args, kwargs, worker, retries, queue };
  const stamped = Object.entries(stamps).filter(([stamp]) => !RESERVED.has(stamp));
  if (stamped.length === 0) return fields;
  return { ...fields, stamped_headers: stamped.map(([stamp]) => stamp), ...Object.fromEntries(stamped) };
}

/** Reads the fields of a result; lenient, because the result itself counts. Undefined where there are none. */
export function readRequest(fields: Fields): ResultRequest | undefined {
  if (!Object.hasOwn(fields, 'name') || !Object.hasOwn(fields, 'retries')) return undefined;
  const { name, args, kwargs, worker, retries, queue } = fields;
  return {
    name: textOrNull(name),
    args: Array.isArray(args) ? args : null,
    kwargs: isFields(kwargs) ? kwargs : null,
    worker: textOrNull(worker),
    retries: typeof retries === 'number' ? retries : null,
    queue: textOrNull(queue),
    stamps: readStamps(fields),
  };
}

function readStamps(fields: Fields): Fields {
  const names: unknown[] = Array.isArray(fields.stamped_headers) ? fields.stamped_headers : [];
  const own = names.filter(
    (name): name is string => typeof name === 'string' && !RESERVED.has(name) && Object.hasOwn(fields, name),
  );
  return Object.fromEntries(own.map((name) => [name, fields[name]]));
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
