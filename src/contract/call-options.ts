/** How a task is called: the options of Celery's `apply_async`, checked, and written by Celery's names. */
import { InvalidOptions } from '../errors.ts';
import type { AnySignature } from './signature.ts';

/** How one call of a task is sent and run. */
export interface CallOptions {
  /** Default: the client's. */
  readonly queue?: string;
  /** An exchange that takes the message instead of the queue, with a routing key; it must exist. Default: none. */
  readonly exchange?: string;
  /** Only with an exchange. */
  readonly routingKey?: string;
  /** Id of the task. Default: a new UUID. */
  readonly taskId?: string;
  /** Seconds until the task may start. Default: at once. */
  readonly countdown?: number;
  /** When the task may start. Default: at once. */
  readonly eta?: Date;
  /**
   * Seconds, or the time, after which the task is not started any more: its handle rejects as revoked two
   * seconds later. Default: never.
   */
  readonly expires?: number | Date;
  /** 0 to 255, higher first; only for queues declared with `x-max-priority`. Default 0. */
  readonly priority?: number;
  /** Hard time limit in seconds. Default: that of the task's definition, else the worker's. */
  readonly timeLimit?: number;
  /** Soft time limit in seconds. Default: that of the task's definition, else the worker's. */
  readonly softTimeLimit?: number;
  /** 1 for a message that a restart of the broker loses, 2 for one that survives it. Default: the client's. */
  readonly deliveryMode?: 1 | 2;
  /** Whether the result is neither stored nor sent: its handle is never ready then. Default false. */
  readonly ignoreResult?: boolean;
  /** A name to show instead of the task's. */
  readonly shadow?: string;
  /** Further message headers; they cannot replace those of the protocol. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Default: the client's (`OMEGA_TASK_SERIALIZER`). The workers must accept it. */
  readonly serializer?: 'json' | 'yaml' | 'msgpack';
  /** `zstd` needs Node 22.15 or newer. Default: none. */
  readonly compression?: 'gzip' | 'zstd';
  /** What is called with the task's result when it has succeeded. */
  readonly link?: AnySignature | readonly AnySignature[];
  /** What is called with the task's id when it has failed. */
  readonly linkError?: AnySignature | readonly AnySignature[];
  /** Named values that go with the task and with all that it leads to; workers can revoke by them. */
  readonly stamps?: Readonly<Record<string, unknown>>;
  /** Reply queue for the result. Default: the client's own. */
  readonly replyTo?: string;
  /** Id of the task that all of this began with. Default: the task's own. */
  readonly rootId?: string;
  /** Id of the task that sends it. Default: none. */
  readonly parentId?: string;
  /** Id of the group that the task belongs to. Default: none. */
  readonly groupId?: string;
  /** The AMQP property `app_id`. Default: none. */
  readonly appId?: string;
  /** What monitors show of the positional arguments, for example to hide secrets. Default: the arguments. */
  readonly argsRepr?: string;
  /** What monitors show of the keyword arguments. Default: the arguments. */
  readonly kwargsRepr?: string;
}

type OptionName = Exclude<keyof CallOptions, 'stamps'>;
type Accepts = (value: unknown) => boolean;

const MAX_SECONDS = 100 * 365 * 86_400;

const isText: Accepts = (value) => typeof value === 'string';
const isName: Accepts = (value) =>
  typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= 255;
const isDate: Accepts = (value) => value instanceof Date && !Number.isNaN(value.getTime());
const isSeconds: Accepts = (value) => typeof value === 'number' && value >= 0 && value <= MAX_SECONDS;
const isObject: Accepts = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSignature: Accepts = (value) => isObject(value) && isName((value as AnySignature).task);
const isPriority: Accepts = (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255;

function isOneOf(...values: readonly string[]): Accepts {
  return (value) => values.includes(String(value));
}

/** The name on the wire, what is accepted, and how that is said. */
const OPTIONS: { readonly [Name in OptionName]: readonly [wire: string, accepts: Accepts, wanted: string] } =
  {
    queue: ['queue', isName, 'the name of a queue, of at most 255 bytes'],
    exchange: ['exchange', isName, 'the name of an exchange, of at most 255 bytes'],
    routingKey: ['routing_key', isText, 'a string'],
    taskId: ['task_id', isName, 'a string of 1 to 255 bytes'],
    countdown: ['countdown', isSeconds, 'seconds, 0 or more'],
    eta: ['eta', isDate, 'a valid Date'],
    expires: [
      'expires',
      (value) => isDate(value) || isSeconds(value),
      'seconds of 0 or more, or a valid Date',
    ],
    priority: ['priority', isPriority, 'an integer from 0 to 255'],
    deliveryMode: ['delivery_mode', (value) => value === 1 || value === 2, '1 or 2'],
    timeLimit: ['time_limit', (value) => isSeconds(value) && value !== 0, 'seconds above 0'],
    softTimeLimit: ['soft_time_limit', (value) => isSeconds(value) && value !== 0, 'seconds above 0'],
    ignoreResult: ['ignore_result', (value) => typeof value === 'boolean', 'true or false'],
    shadow: ['shadow', isText, 'a string'],
    headers: ['headers', isObject, 'an object of headers by name'],
    serializer: ['serializer', isOneOf('json', 'yaml', 'msgpack'), "'json', 'yaml' or 'msgpack'"],
    compression: ['compression', isOneOf('gzip', 'zstd'), "'gzip' or 'zstd'"],
    link: ['link', (value) => [value].flat().every(isSignature), 'a signature or a list of them'],
    linkError: ['link_error', (value) => [value].flat().every(isSignature), 'a signature or a list of them'],
    replyTo: ['reply_to', isName, 'the name of a queue, of at most 255 bytes'],
    rootId: ['root_id', isName, 'a string of 1 to 255 bytes'],
    parentId: ['parent_id', isName, 'a string of 1 to 255 bytes'],
    groupId: ['group_id', isName, 'a string of 1 to 255 bytes'],
    appId: ['app_id', isName, 'a string of 1 to 255 bytes'],
    argsRepr: ['argsrepr', isText, 'a string'],
    kwargsRepr: ['kwargsrepr', isText, 'a string'],
  };

/** Names that a stamp cannot have: on the wire, stamps stand beside the options. */
const RESERVED = new Set([
  ...Object.values(OPTIONS).map(([wire]) => wire),
  ...['stamped_headers', 'stamps', 'chord', 'chain', 'group_index', 'retries', 'callbacks', 'errbacks'],
  ...['args', 'kwargs', 'name', '__proto__', 'constructor', 'prototype'],
]);

/**
 * Options by Celery's names, as signatures carry them. What is undefined is left out.
 *
 * @throws InvalidOptions that names every option that is wrong.
 */
export function wireOptions(options: CallOptions): Readonly<Record<string, unknown>> {
  const wire: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (name === 'stamps') Object.assign(wire, wireStamps(value));
    else problems.push(...writeOption(wire, name, value));
  }
  problems.push(...contradictions(options));
  if (problems.length > 0) throw new InvalidOptions(problems.join('; '));
  return wire;
}

/**
 * Stamps as signatures carry them: their names in `stamped_headers`, and each beside the other options.
 *
 * @throws InvalidOptions for a name that an option has.
 */
export function wireStamps(stamps: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(stamps)) {
    throw new InvalidOptions("option 'stamps' must be an object of values by name: pass { name: value }");
  }
  const names = Object.keys(stamps as object);
  const reserved = names.find((name) => RESERVED.has(name));
  if (reserved !== undefined) {
    throw new InvalidOptions(`a stamp cannot be named '${reserved}', as an option is: choose another name`);
  }
  return names.length === 0 ? {} : { ...(stamps as object), stamped_headers: names };
}

function writeOption(wire: Record<string, unknown>, name: string, value: unknown): string[] {
  if (!Object.hasOwn(OPTIONS, name)) {
    return [`there is no option '${name}': use one of ${Object.keys(OPTIONS).join(', ')}, stamps`];
  }
  const [wireName, accepts, wanted] = OPTIONS[name as OptionName];
  if (!accepts(value)) return [`option '${name}' is ${describe(value)}: it must be ${wanted}`];
  wire[wireName] = wireName.startsWith('link') ? [value].flat() : value;
  return [];
}

function contradictions({ countdown, eta, exchange, routingKey, queue }: CallOptions): string[] {
  const problems: string[] = [];
  if (countdown !== undefined && eta !== undefined) {
    problems.push("'countdown' and 'eta' are both given: give one of them");
  }
  if (exchange !== undefined && routingKey === undefined) {
    problems.push("'exchange' is given without 'routingKey': give both, or use 'queue'");
  }
  if (routingKey !== undefined && exchange === undefined && queue === undefined) {
    problems.push("'routingKey' is given alone: name the 'exchange', or a 'queue' that has one");
  }
  return problems;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 80)}'`;
  if (typeof value === 'object' && value !== null) return value instanceof Date ? String(value) : 'an object';
  return String(value);
}
