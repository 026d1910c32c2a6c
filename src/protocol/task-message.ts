/**
 * Task messages of Celery's protocol 2 (celery/app/amqp.py `as_task_v2`): what is known of the task is in
 * the headers, the body is `[args, kwargs, embed]`. How they are read: decode-task.ts.
 */
import { hostname } from 'node:os';
import type { JsonText } from '../contract/job.ts';
import type { MessageProperties, Publication } from '../contract/transport.ts';
import { EncodeError } from '../errors.ts';
import type { CompressionName } from './compression.ts';
import { formatIsoDateTime } from './dates.ts';
import type { Fields } from './fields.ts';
import { stringifyJson } from './json.ts';
import { argsRepr, pythonRepr } from './repr.ts';
import type { ResultAddress } from './result.ts';
import { sentTime } from './sent-time.ts';
import { type Encoding, type WritableSerializer, writeBody } from './serializers.ts';

/** Who sends the messages of this process, as Celery's clients are named. */
export const ORIGIN = `gen${process.pid}@${hostname()}`;

/** Set on a message that was published again: the broker does not mark such a copy as redelivered. */
export const COPY_HEADER = 'x-omega-copy';

/** What comes after a task. Signatures are left as they are on the wire. */
export interface Embed {
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
  /** Whether the queue is declared before the message is sent to `exchange`. Without one it is. Default false. */
  readonly declares?: boolean;
  /** Default 2: the message survives a restart of the broker. */
  readonly deliveryMode?: 1 | 2;
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
  /** Arguments as text, for display only; what is secret can be left out. Default: as Python shows them. */
  readonly argsRepr?: string;
  readonly kwargsRepr?: string;
  readonly embed?: Partial<Embed>;
  readonly stamps?: Fields;
  /** Default: that of the process. Only JSON carries dates, decimals and UUIDs as what they are. */
  readonly serializer?: WritableSerializer;
  /** Default: none. */
  readonly compression?: CompressionName;
  /** The AMQP property `app_id`. */
  readonly appId?: string;
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

/** A task message of whatever form, checked. */
export interface TaskMessage extends ResultAddress {
  readonly taskName: string;
  /** `[args, kwargs, embed]`, whatever the message's form was: read by `decodeBody`, in the executor only. */
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
 * @param now - when it is sent: from then on `expires` is counted for the message's time to live.
 * @param encoding - how this process writes its messages.
 * @throws EncodeError if an argument has no JSON form, or a date is none.
 */
export function encodeTask(call: TaskCall, now = new Date(), encoding: Encoding = {}): Publication {
  const { args, kwargs, embed = {}, priority = 0 } = call;
  const { callbacks = null, errbacks = null, chain = null, chord = null } = embed;
  const content = [args, kwargs, { callbacks, errbacks, chain, chord }];
  const { serializer = encoding.serializer, compression } = call;
  const { body, properties, headers } = writeBody(
    stringifyJson(content),
    { ...encoding, ...(serializer && { serializer }) },
    compression,
  );
  const sent = sentTime(now);
  const own = { ...encodeHeaders(call), ...sent.header };
  return {
    exchange: call.exchange ?? '',
    routingKey: call.routingKey ?? call.queue,
    body,
    properties: {
      ...properties,
      ...sent.property,
      deliveryMode: call.deliveryMode ?? 2,
      ...(priority === null ? {} : { priority }),
      correlationId: call.taskId,
      replyTo: call.replyTo,
      ...(call.appId === undefined ? {} : { appId: call.appId }),
      ...(call.expires ? { expiration: String(Math.max(0, call.expires.getTime() - now.getTime())) } : {}),
      headers: call.headers || call.compression ? { ...call.headers, ...own, ...headers } : own,
    },
    unroutable: 'error',
  };
}

function encodeHeaders(call: TaskCall): Fields {
  const { shadow = null, groupId = null, groupIndex = null, retries = 0, parentId = null } = call;
  const { timeLimit = null, softTimeLimit = null, replacedNesting = 0, ignoreResult = false } = call;
  const { origin = ORIGIN, stamps = {} } = call;
  const names = Object.keys(stamps);
  return {
    lang: 'py',
    task: call.taskName,
    id: call.taskId,
    shadow,
    eta: encodeDate(call, 'eta'),
    expires: encodeDate(call, 'expires'),
    group: groupId,
    group_index: groupIndex,
    retries,
    timelimit: [timeLimit, softTimeLimit],
    root_id: call.rootId ?? call.taskId,
    parent_id: parentId,
    argsrepr: call.argsRepr ?? argsRepr(call.args),
    kwargsrepr: call.kwargsRepr ?? pythonRepr(call.kwargs),
    origin,
    ignore_result: ignoreResult,
    replaced_task_nesting: replacedNesting,
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
