/** The worker as it is now. */
import type { Instruments } from './instruments.ts';

const WORKER_STATES = ['starting', 'running', 'draining'] as const;

type WorkerState = (typeof WORKER_STATES)[number];

/** What the gauges read, each time they are scraped. */
export interface WorkerGauges {
  readonly version: string;
  concurrency(): number;
  prefetch(): number;
  active(): number;
  reserved(): number;
  scheduled(): number;
  /** Runs that it holds in the ledger. */
  leases(): number;
  consuming(): boolean;
  /** It has started when it has taken its queues and told the other workers; it drains from when it is told to stop. */
  state(): WorkerState;
  /** Seconds that the task has run that runs for the longest time; 0 while none runs. */
  oldestTask(): number;
  /** By queue, seconds since the oldest delivery came that is neither acknowledged nor held for its ETA; 0 for none. */
  oldestDeliveries(): ReadonlyMap<string, number>;
  /** When the last heartbeat was sent, in milliseconds since the epoch; null before the first one. */
  lastHeartbeat(): number | null;
  /** Bytes of memory, and cores, that the container grants. */
  readonly memoryLimit: number;
  readonly cpuLimit: number;
  /** Seconds until a task is killed whose message sets no limit; undefined for never. */
  readonly timeLimit: number | undefined;
}

/** Adds the gauges, once there is something to read. */
export function addWorkerGauges(instruments: Instruments, worker: WorkerGauges): void {
  const { gauge, info } = instruments;
  const { version, memoryLimit, cpuLimit, timeLimit } = worker;
  info('omega_worker_info', 'Always 1; the labels describe the worker', {
    version,
    node_version: process.version,
    celery_protocol: '2',
  });
  gauge('omega_worker_memory_limit_bytes', 'Memory that the container grants', () => memoryLimit);
  gauge('omega_worker_cpu_limit_cores', 'Cores that the container grants', () => cpuLimit);
  if (timeLimit !== undefined) {
    gauge('omega_worker_task_time_limit_seconds', 'Time limit of tasks without one', () => timeLimit);
  }
  addLoad(instruments, worker);
  addState(instruments, worker);
}

function addLoad({ gauge, gauges }: Instruments, worker: WorkerGauges): void {
  gauge('omega_worker_concurrency', 'Slots, each one executor process', worker.concurrency);
  gauge('omega_worker_prefetch_limit', 'Deliveries that the broker lets the worker have', worker.prefetch);
  gauge('omega_worker_active_tasks', 'Tasks that run now', worker.active);
  gauge('omega_worker_reserved_tasks', 'Tasks received and not started', worker.reserved);
  gauge('omega_worker_scheduled_tasks', 'Those of them that are held for their ETA', worker.scheduled);
  gauge('omega_worker_leases', 'Runs that the worker holds in the ledger', worker.leases);
  gauge('omega_worker_oldest_active_task_age_seconds', 'Run time of the oldest task', worker.oldestTask);
  gauges(
    'omega_worker_oldest_unacked_message_age_seconds',
    'Time since the oldest delivery came that is not acknowledged',
    'queue',
    () => [...worker.oldestDeliveries()],
  );
}

function addState({ gauge, gauges }: Instruments, worker: WorkerGauges): void {
  gauge('omega_worker_consuming', '1 while the worker consumes its queues', () => Number(worker.consuming()));
  gauges('omega_worker_state', '1 for the state that the worker is in', 'state', () => {
    const now = worker.state();
    return WORKER_STATES.map((state) => [state, Number(state === now)]);
  });
  gauge(
    'omega_worker_last_heartbeat_timestamp_seconds',
    'When the worker last said that it is alive; 0 for never',
    () => (worker.lastHeartbeat() ?? 0) / 1000,
  );
}

export interface WorkerMetrics {
  /** Tasks that ran when the worker had no more time to wait for them. */
  drainAborted(tasks: number): void;
}

export function createWorkerMetrics({ counter }: Instruments): WorkerMetrics {
  const aborted = counter(
    'omega_worker_drain_aborted_tasks_total',
    'Tasks that were ended, to run again, since the time of a shutdown was over',
  );
  return { drainAborted: (tasks) => aborted.inc(tasks) };
}
