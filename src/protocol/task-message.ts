/**
 * Task messages of Celery's protocol 2 (celery/app/amqp.py `as_task_v2`): what is known of the task is in
 * the headers, the body is `[args, kwargs, embed]`.
 */
import { hostname } from 'node:os';
import type { JsonText, TaskId } from '../contract/job.ts';
import type { MessageProperties, Publication } from '../contract/transport.ts';
import { EncodeError, ProtocolError } from '../errors.ts';
import { formatIsoDateTime, parseIsoDateTime } from './dates.ts';
import {
  type Fields,
  isFields,
  optionalCount,
  optionalFields,
  optionalObjects,
  optionalText,
  textField,
  wrong,
} from './fields.ts';
import { parseJson, parsePlainJson, stringifyJson } from './json.ts';
import { argsRepr, pythonRepr } from './repr.ts';
import type { ResultAddress } from './result.ts';
import { JSON_CONTENT, readBody } from './serializers.ts';

/** An id is also a message's `correlation_id`, which AMQP limits to 255 bytes. */
const MAX_ID_BYTES = 255;

/** Set on a message that was published again: the broker does not mark such a copy as redelivered. */
export const COPY_HEADER = 'x-omega-copy';

/** What comes after a task. Signatures are left as they are on the wire. */
interface Embed {
  readonly callbacks: readonly Fields[] | null;
  readonly errbacks: readonly Fields[] | null;
  /** The rest of the chain in reverse: the last element is next. */
  readonly chain: readonly Fields[] | null;
  readonly chord: Fields | null;
}

/** A call of a task, as a client submits it. */
export interface TaskCall {
  readonly taskId: string;
  readonly taskName: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Name of the queue: where the message goes, unless `exchange` says otherwise. */
  readonly queue: string;
  /** Default: the default exchange, which hands the message to `queue`. */
  readonly exchange?: string;
  /** Default: the name of the queue. */
  readonly routingKey?: string;
  /** The client's reply queue. */
  readonly replyTo: string;
  /** Who sends it. Default: this process, `gen<pid>@<host>`. */
  readonly origin?: string;
  /** Not to be started before. */
  readonly eta?: Date | null;
  /** Not to be started after. */
  readonly expires?: Date | null;
  /** Default 0. */
  readonly retries?: number;
  /** Seconds. */
  readonly softTimeLimit?: number | null;
  /** Seconds. */
  readonly timeLimit?: number | null;
  /** Default: the task's own id. */
  readonly rootId?: string | null;
  readonly parentId?: string | null;
  readonly groupId?: string | null;
  readonly groupIndex?: number | null;
  /** 0 to 9, default 0; null for none. */
  readonly priority?: number | null;
  /** Default false. */
  readonly ignoreResult?: boolean | null;
  /** How often the task has replaced itself. Default 0. */
  readonly replacedNesting?: number;
  /** A name to show instead of the task's. */
  readonly shadow?: string | null;
  readonly embed?: Partial<Embed>;
  readonly stamps?: Fields;
  /** Further headers; none of the protocol's own can be replaced. */
  readonly headers?: Fields;
}

/** A message as it arrived. */
export interface RawMessage {
  readonly body: Buffer;
  readonly properties: MessageProperties;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
}

/** A task message, checked. */
export interface TaskMessage extends ResultAddress {
  readonly taskName: string;
  /** `[args, kwargs, embed]`: read by {@link decodeBody}, in the executor only. */
  readonly body: JsonText;
  readonly embed: Embed;
  readonly eta: Date | null;
  readonly expires: Date | null;
  /** Seconds, null for the worker's default. */
  readonly softTimeLimit: number | null;
  /** Seconds, null for the worker's default. */
  readonly timeLimit: number | null;
  readonly retries: number;
  /** How often the task has replaced itself (`replaced_task_nesting`). */
  readonly replacedNesting: number;
  readonly rootId: string | null;
  readonly groupIndex: number | null;
  readonly ignoreResult: boolean;
  readonly shadow: string | null;
  readonly origin: string | null;
  /** Arguments as Python text, shortened, for display only. */
  readonly argsRepr: string;
  readonly kwargsRepr: string;
  readonly priority: number | null;
  /** Stamps by name. */
  readonly stamps: Fields;
  readonly deliveryInfo: {
    readonly exchange: string;
    readonly routingKey: string;
    readonly redelivered: boolean;
  };
  /** All headers, also those of strangers. */
  readonly headers: Fields;
}

/**
 * Writes a call as a message to its queue.
 *
 * @param now - from which `expires` is counted for the message's time to live.
 * @throws EncodeError if an argument has no JSON form, or a date is none.
 */
export function encodeTask(call: TaskCall, now = new Date()): Publication {
  const { args, kwargs, embed = {}, priority = 0 } = call;
  const { callbacks = null, errbacks = null, chain = null, chord = null } = embed;
  return {
    exchange: call.exchange ?? '',
    routingKey: call.routingKey ?? call.queue,
    body: Buffer.from(stringifyJson([args, kwargs, { callbacks, errbacks, chain, chord }])),
    properties: {
      ...JSON_CONTENT,
      deliveryMode: 2,
      ...(priority === null ? {} : { priority }),
      correlationId: call.taskId,
      replyTo: call.replyTo,
      ...(call.expires ? { expiration: String(Math.max(0, call.expires.getTime() - now.getTime())) } : {}),
      headers: call.headers ? { ...call.headers, ...encodeHeaders(call) } : encodeHeaders(call),
    },
    unroutable: 'error',
  };
}

/**
 * Reads and checks a message.
 *
 * @throws ContentDisallowed if its content type or compression is not accepted.
 * @throws ProtocolError if it is no task message; {@link readResultAddress} then says whose failure it is.
 */
export function decodeTask(raw: RawMessage): TaskMessage {
  const { headers = {}, priority = null } = raw.properties;
  const taskName = textField(headers, 'task', 'no task message of protocol 2');
  const where = `a message of task ${taskName}`;
  const address =
    readResultAddress(raw) ?? wrong(headers.id, 'id', where, `a string of at most ${MAX_ID_BYTES} bytes`);
  const body = readBody(raw.body, raw.properties);
  const [timeLimit, softTimeLimit] = decodeTimeLimits(headers, where);
  return {
    // Field by field: a spread into an object of this size costs ten times as much.
    taskId: address.taskId,
    groupId: address.groupId,
    parentId: address.parentId,
    replyTo: address.replyTo,
    correlationId: address.correlationId,
    taskName,
    body,
    embed: decodeEmbed(body, where),
    eta: decodeDate(headers, 'eta', where),
    expires: decodeDate(headers, 'expires', where),
    softTimeLimit,
    timeLimit,
    retries: optionalCount(headers, 'retries', where) ?? 0,
    replacedNesting: optionalCount(headers, 'replaced_task_nesting', where) ?? 0,
    rootId: optionalText(headers, 'root_id', where),
    groupIndex: optionalCount(headers, 'group_index', where),
    ignoreResult: headers.ignore_result === true,
    shadow: optionalText(headers, 'shadow', where),
    origin: optionalText(headers, 'origin', where),
    argsRepr: optionalText(headers, 'argsrepr', where) ?? '',
    kwargsRepr: optionalText(headers, 'kwargsrepr', where) ?? '',
    priority,
    stamps: optionalFields(headers, 'stamps', where) ?? {},
    deliveryInfo: { exchange: raw.exchange, routingKey: raw.routingKey, redelivered: raw.redelivered },
    headers,
  };
}

/** Where the result of a message belongs, also of one that cannot be decoded; null if it has no usable id. */
export function readResultAddress(raw: RawMessage): ResultAddress | null {
  const { headers = {}, correlationId, replyTo } = raw.properties;
  const { id, group, parent_id: parentId } = headers;
  if (typeof id !== 'string' || id === '' || Buffer.byteLength(id) > MAX_ID_BYTES) return null;
  return {
    taskId: id as TaskId,
    groupId: typeof group === 'string' ? group : null,
    parentId: typeof parentId === 'string' ? parentId : null,
    replyTo: replyTo || null,
    correlationId: correlationId || id,
  };
}

/**
 * Decodes the arguments of a task.
 *
 * @throws ProtocolError if the body is no `[args, kwargs, embed]`.
 */
export function decodeBody(body: JsonText): { args: unknown[]; kwargs: Record<string, unknown> } {
  const [args, kwargs] = checkBody(parseJson(body), 'a task message');
  return { args, kwargs };
}

function encodeHeaders(call: TaskCall): Fields {
  const { stamps = {} } = call;
  const names = Object.keys(stamps);
  return {
    lang: 'py',
    task: call.taskName,
    id: call.taskId,
    shadow: call.shadow ?? null,
    eta: encodeDate(call, 'eta'),
    expires: encodeDate(call, 'expires'),
    group: call.groupId ?? null,
    group_index: call.groupIndex ?? null,
    retries: call.retries ?? 0,
    timelimit: [call.timeLimit ?? null, call.softTimeLimit ?? null],
    root_id: call.rootId ?? call.taskId,
    parent_id: call.parentId ?? null,
    argsrepr: argsRepr(call.args),
    kwargsrepr: pythonRepr(call.kwargs),
    origin: call.origin ?? `gen${process.pid}@${hostname()}`,
    ignore_result: call.ignoreResult === undefined ? false : call.ignoreResult,
    replaced_task_nesting: call.replacedNesting ?? 0,
    stamped_headers: names.length === 0 ? null : names,
    stamps,
  };
}

function encodeDate(call: TaskCall, name: 'eta' | 'expires'): string | null {
  const date = call[name];
  if (date === undefined || date === null) return null;
  const text = formatIsoDateTime(date);
  if (text === null)
    throw new EncodeError(`'${name}' of task ${call.taskName} is no valid date: ${String(date)}`);
  return text;
}

function decodeEmbed(body: JsonText, where: string): Embed {
  const embed = checkBody(parsePlainJson(body), where)[2] ?? {};
  if (!isFields(embed)) wrong(embed, 'embed', where, 'an object or null');
  return {
    callbacks: optionalObjects(embed, 'callbacks', where),
    errbacks: optionalObjects(embed, 'errbacks', where),
    chain: optionalObjects(embed, 'chain', where),
    chord: optionalFields(embed, 'chord', where),
  };
}

function checkBody(body: unknown, where: string): [unknown[], Record<string, unknown>, unknown] {
  if (!Array.isArray(body) || body.length !== 3) {
    throw new ProtocolError(`${where}: its body is not the list [args, kwargs, embed]`);
  }
  const [args, kwargs, embed]: unknown[] = body;
  if (!Array.isArray(args)) wrong(args, 'args', where, 'a list');
  if (!isFields(kwargs)) wrong(kwargs, 'kwargs', where, 'an object');
  return [args, kwargs, embed];
}

function decodeDate(headers: Fields, name: string, where: string): Date | null {
  const text = optionalText(headers, name, where);
  if (text === null) return null;
  return parseIsoDateTime(text) ?? wrong(text, name, where, 'a date in ISO 8601');
}

/** `[hard, soft]` in seconds; 0 means none, as in Celery. */
function decodeTimeLimits(headers: Fields, where: string): [number | null, number | null] {
  const limits = headers.timelimit;
  if (limits === undefined || limits === null) return [null, null];
  if (!Array.isArray(limits) || limits.length !== 2)
    return wrong(limits, 'timelimit', where, 'a list of two');
  const [hard, soft]: unknown[] = limits;
  return [decodeSeconds(hard, where), decodeSeconds(soft, where)];
}

function decodeSeconds(value: unknown, where: string): number | null {
  if (value === null || value === undefined || value === 0) return null;
  const isSeconds = typeof value === 'number' && Number.isFinite(value) && value > 0;
  return isSeconds ? value : wrong(value, 'timelimit', where, 'in seconds, or null');
}
