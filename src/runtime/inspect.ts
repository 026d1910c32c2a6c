/** Looking into workers (Celery's `app.control.inspect`): each function answers with the replies by nodename. */
import type {
  QueueInfo,
  RequestInfo,
  ScheduledTask,
  TaskPlace,
  WorkerStats,
} from '../protocol/control-replies.ts';
import type { Broadcast } from './control-client.ts';

/** Replies by nodename. A worker that refuses or fails answers `{error}` instead. */
export type Replies<Value> = Readonly<Record<string, Value | { readonly error: string }>>;

export interface Inspect {
  ping(): Promise<Replies<{ readonly ok: string }>>;
  /** Tasks that run; with `safe` their arguments as Python text. */
  active(options?: { readonly safe?: boolean }): Promise<Replies<readonly RequestInfo[]>>;
  /** Tasks that wait for a slot. */
  reserved(): Promise<Replies<readonly RequestInfo[]>>;
  /** Tasks that wait in a worker for their ETA. */
  scheduled(): Promise<Replies<readonly ScheduledTask[]>>;
  /** Where tasks are, by id; a task that is in none of the workers is in no reply. */
  queryTask(
    taskIds: readonly string[],
  ): Promise<Replies<Readonly<Record<string, readonly [TaskPlace, RequestInfo]>>>>;
  /** Names of the tasks, with those of the attributes that are set. */
  registered(attributes?: readonly string[]): Promise<Replies<readonly string[]>>;
  activeQueues(): Promise<Replies<readonly QueueInfo[]>>;
  /** Ids of the tasks that are revoked. */
  revoked(): Promise<Replies<readonly string[]>>;
  stats(): Promise<Replies<WorkerStats>>;
  /** For bug reports. */
  report(): Promise<Replies<{ readonly ok: string }>>;
  /** Settings by Celery's names. */
  conf(options?: { readonly withDefaults?: boolean }): Promise<Replies<Readonly<Record<string, unknown>>>>;
  /** The Lamport clock. */
  clock(): Promise<Replies<{ readonly clock: number }>>;
  /** Resident memory as text. */
  memsample(): Promise<Replies<string>>;
}

export function createInspect(broadcast: Broadcast): Inspect {
  /** What a worker answers is as its type says, or as good as its word. */
  const ask = <Value>(command: string, args = {}) => broadcast(command, args) as Promise<Replies<Value>>;
  return {
    ping: () => ask('ping'),
    active: ({ safe = false } = {}) => ask('active', { safe }),
    reserved: () => ask('reserved'),
    scheduled: () => ask('scheduled'),
    queryTask: (ids) => ask('query_task', { ids }),
    registered: (taskinfoitems = []) => ask('registered', { taskinfoitems }),
    activeQueues: () => ask('active_queues'),
    revoked: () => ask('revoked'),
    stats: () => ask('stats'),
    report: () => ask('report'),
    conf: ({ withDefaults = false } = {}) => ask('conf', { with_defaults: withDefaults }),
    clock: () => ask('clock'),
    memsample: () => ask('memsample'),
  };
}
