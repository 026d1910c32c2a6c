/** The message that a single signature comes to (celery/app/base.py `send_task`). */
import { ProtocolError } from '../errors.ts';
import { listOf, type Options, type TaskStep } from './canvas-step.ts';
import { parseIsoDateTime } from './dates.ts';
import { type Fields, isFields, wrong } from './fields.ts';
import { createRouter, type Destination, type Router } from './routes.ts';
import type { TaskCall } from './task-message.ts';

/** Who sends a message, and where it goes by itself. */
export interface Sender {
  /** The task that sends it, null for a client. */
  readonly parent: {
    readonly taskId: string;
    readonly rootId: string | null;
    readonly priority: number | null;
  } | null;
  /** Reply queue for tasks whose options name none. */
  readonly replyTo: string;
  /** Queue for tasks whose options name none. */
  readonly queue: string;
  /** Where tasks go. Default: to the queue that their options name, else to `queue`. */
  readonly router?: Router;
  /** `gen<pid>@<host>`. */
  readonly origin: string;
  readonly now: Date;
}

/**
 * The call of a task, by a signature's options.
 *
 * @throws ProtocolError naming the option that is none.
 */
export function callOf(step: TaskStep, taskId: string, sender: Sender): TaskCall {
  const { task: taskName, args, kwargs, options } = step;
  const where = `a signature of ${taskName}`;
  const { parent } = sender;
  const { priority: usual, ...destination } = destinationOf(step, sender, where);
  return {
    taskId,
    taskName,
    args,
    kwargs,
    ...destination,
    replyTo: text(options, 'reply_to', where) ?? sender.replyTo,
    origin: sender.origin,
    eta: etaOf(options, sender.now, where),
    expires: expiresOf(options, sender.now, where),
    retries: number(options, 'retries', where) ?? 0,
    timeLimit: number(options, 'time_limit', where),
    softTimeLimit: number(options, 'soft_time_limit', where),
    rootId: text(options, 'root_id', where) ?? parent?.rootId ?? parent?.taskId ?? taskId,
    parentId: text(options, 'parent_id', where) ?? parent?.taskId ?? null,
    groupId: text(options, 'group_id', where),
    groupIndex: number(options, 'group_index', where),
    priority: number(options, 'priority', where) ?? parent?.priority ?? usual ?? (options.queue ? null : 0),
    ignoreResult: options.ignore_result === true,
    replacedNesting: number(options, 'replaced_task_nesting', where) ?? 0,
    shadow: text(options, 'shadow', where),
    embed: embedOf(options, where),
    stamps: stampsOf(options),
    ...contentOf(options),
    ...displayOf(options),
    headers: fields(options, 'headers', where) ?? {},
  };
}

/** Serializers and compressions of strangers, which this package does not write, give way to the default. */
function contentOf({ serializer, compression, app_id: appId }: Options): Partial<TaskCall> {
  return {
    ...(serializer === 'json' || serializer === 'yaml' || serializer === 'msgpack' ? { serializer } : {}),
    ...(compression === 'gzip' || compression === 'zlib' ? { compression: 'gzip' } : {}),
    ...(compression === 'zstd' ? { compression } : {}),
    ...(typeof appId === 'string' ? { appId } : {}),
  };
}

/** What monitors are shown instead of the arguments. */
function displayOf({ argsrepr, kwargsrepr }: Options): Partial<TaskCall> {
  return {
    ...(typeof argsrepr === 'string' ? { argsRepr: argsrepr } : {}),
    ...(typeof kwargsrepr === 'string' ? { kwargsRepr: kwargsrepr } : {}),
  };
}

function destinationOf({ task, options }: TaskStep, sender: Sender, where: string): Destination {
  const route = sender.router ?? createRouter({ defaultQueue: sender.queue });
  const deliveryMode = options.delivery_mode;
  return {
    ...route(task, {
      queue: text(options, 'queue', where),
      exchange: text(options, 'exchange', where),
      routingKey: text(options, 'routing_key', where),
    }),
    ...(deliveryMode === 1 || deliveryMode === 2 ? { deliveryMode } : {}),
  };
}

function embedOf(options: Options, where: string): NonNullable<TaskCall['embed']> {
  return {
    callbacks: signatures(options, 'link', where),
    errbacks: signatures(options, 'link_error', where),
    chain: signatures(options, 'chain', where),
    chord: fields(options, 'chord', where),
  };
}

/** The stamps are options too, by the names in `stamped_headers`. */
function stampsOf(options: Options): Fields {
  const names = listOf(options.stamped_headers).filter((name) => typeof name === 'string');
  return Object.fromEntries(names.map((name) => [name, options[name] ?? null]));
}

function etaOf(options: Options, now: Date, where: string): Date | null {
  const countdown = number(options, 'countdown', where);
  return countdown ? inSeconds(now, countdown) : date(options, 'eta', where);
}

function expiresOf(options: Options, now: Date, where: string): Date | null {
  const { expires } = options;
  return typeof expires === 'number' ? inSeconds(now, expires) : date(options, 'expires', where);
}

function inSeconds(now: Date, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

function date(options: Options, name: string, where: string): Date | null {
  const value = options[name];
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value;
  const iso = isFields(value) ? value.__value__ : value;
  return (
    (typeof iso === 'string' ? parseIsoDateTime(iso) : null) ?? wrong(iso, name, where, 'a date in ISO 8601')
  );
}

function number(options: Options, name: string, where: string): number | null {
  const value = options[name];
  if (value === undefined || value === null) return null;
  return typeof value === 'number' && Number.isFinite(value) ? value : wrong(value, name, where, 'a number');
}

function text(options: Options, name: string, where: string): string | null {
  const value = options[name];
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' ? value : wrong(value, name, where, 'a string');
}

function fields(options: Options, name: string, where: string): Fields | null {
  const value = options[name];
  if (value === undefined || value === null) return null;
  return isFields(value) ? value : wrong(value, name, where, 'an object');
}

function signatures(options: Options, name: string, where: string): readonly Fields[] | null {
  const value = options[name];
  if (value === undefined || value === null) return null;
  const list = listOf(value);
  if (list.every(isFields)) return list;
  throw new ProtocolError(`${where}: '${name}' is no list of signatures`);
}
