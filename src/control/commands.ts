/**
 * Remote control: the commands that a worker answers, by Celery's names (celery/worker/control.py).
 * A command is a function of what it may see and do of the worker; its value is the reply.
 */
import { InvalidTaskError } from '../errors.ts';

/** A task that is in the worker, as Celery's `inspect active|reserved|query_task` show it. */
export interface RequestInfo {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly type: string;
  readonly hostname: string;
  /** Seconds since the epoch, null while it has not started. */
  readonly time_start: number | null;
  readonly acknowledged: boolean;
  readonly delivery_info: {
    readonly exchange: string;
    readonly routing_key: string;
    readonly priority: number | null;
    readonly redelivered: boolean;
  };
  readonly worker_pid: number | null;
}

/** What remote control may see and do of a worker. */
export interface ControlledWorker {
  readonly hostname: string;
  active(): RequestInfo[];
  reserved(): RequestInfo[];
  registered(): string[];
  queues(): readonly string[];
  stats(): WorkerStats;
  /** Marks tasks as revoked; with `terminate`, running ones are killed. */
  revoke(taskIds: readonly string[], terminate: boolean): void;
  revoked(): string[];
  /** A client wants to be told of a task that it has not sent. */
  watch(taskId: string, replyTo: string): void;
  /** Warm shutdown. */
  shutdown(): void;
}

/** The part of `inspect stats` that clients read. */
export interface WorkerStats {
  /** Tasks received so far, by name. */
  readonly total: Readonly<Record<string, number>>;
  readonly pid: number;
  /** Seconds since the worker started. */
  readonly uptime: number;
  readonly prefetch_count: number;
  readonly pool: {
    readonly implementation: string;
    readonly 'max-concurrency': number;
    readonly processes: readonly number[];
  };
  readonly broker: { readonly hostname: string; readonly port: number; readonly virtual_host: string };
}

export type Command = (worker: ControlledWorker, args: Readonly<Record<string, unknown>>) => unknown;

/** The commands by name. */
export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['ping', () => ({ ok: 'pong' })],
  ['active', (worker) => worker.active()],
  ['reserved', (worker) => worker.reserved()],
  ['scheduled', () => []],
  ['registered', (worker) => worker.registered()],
  ['active_queues', (worker) => worker.queues().map(describeQueue)],
  ['stats', (worker) => worker.stats()],
  ['revoked', (worker) => worker.revoked()],
  ['revoke', revoke],
  ['query_task', queryTask],
  ['watch', (worker, args) => worker.watch(String(args.task_id ?? ''), String(args.reply_to ?? ''))],
  ['shutdown', (worker) => worker.shutdown()],
]);

function revoke(worker: ControlledWorker, args: Readonly<Record<string, unknown>>): unknown {
  const taskIds = textList(args.task_id, 'task_id');
  const terminate = args.terminate === true;
  worker.revoke(taskIds, terminate);
  if (terminate) return { ok: `terminate: ${taskIds.join(', ')}` };
  return { ok: `tasks {${taskIds.map((id) => `'${id}'`).join(', ')}} flagged as revoked` };
}

function queryTask(worker: ControlledWorker, args: Readonly<Record<string, unknown>>): unknown {
  const wanted = new Set(textList(args.ids, 'ids'));
  const found = [
    ...worker.active().map((info) => [info.id, ['active', info]] as const),
    ...worker.reserved().map((info) => [info.id, ['reserved', info]] as const),
  ];
  return Object.fromEntries(found.filter(([id]) => wanted.has(id)));
}

/** A queue as kombu describes it; readers need every key to be there. */
function describeQueue(name: string): object {
  return {
    name,
    exchange: {
      name,
      type: 'direct',
      arguments: null,
      durable: true,
      passive: false,
      auto_delete: false,
      delivery_mode: null,
      no_declare: false,
    },
    routing_key: name,
    queue_arguments: null,
    binding_arguments: null,
    consumer_arguments: null,
    durable: true,
    exclusive: false,
    auto_delete: false,
    no_ack: false,
    alias: null,
    bindings: [],
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: null,
  };
}

function textList(value: unknown, name: string): string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.every((item) => typeof item === 'string')) return list;
  throw new InvalidTaskError(`argument '${name}' must be a string or a list of strings`);
}
