/** The worker as it is now. */
import type { Instruments } from './instruments.ts';

/** What the gauges read, each time they are scraped. */
export interface WorkerGauges {
  readonly version: string;
  concurrency(): number;
  active(): number;
  reserved(): number;
  connected(): boolean;
  consuming(): boolean;
  /** Whether it takes nothing more because it is told to stop. */
  draining(): boolean;
  /** Seconds that the task has run that runs for the longest time; 0 while none runs. */
  oldestTask(): number;
  /** Seconds since the oldest delivery came that is neither acknowledged nor held for its ETA; 0 for none. */
  oldestDelivery(): number;
  /** Seconds until a task is killed whose message sets no limit; undefined for never. */
  readonly timeLimit: number | undefined;
}

/** Adds the gauges, once there is something to read. */
export function addWorkerGauges({ gauge, info }: Instruments, gauges: WorkerGauges): void {
  const { version, timeLimit } = gauges;
  info('omega_worker_info', 'Always 1; the labels describe the worker', {
    version,
    node_version: process.version,
  });
  gauge('omega_worker_concurrency', 'Slots, each one executor process', gauges.concurrency);
  gauge('omega_worker_active_tasks', 'Tasks that run now', gauges.active);
  gauge('omega_worker_reserved_tasks', 'Tasks received and not started', gauges.reserved);
  gauge('omega_broker_connected', '1 while both broker connections are open', () =>
    Number(gauges.connected()),
  );
  gauge('omega_worker_consuming', '1 while the worker consumes its queues', () => Number(gauges.consuming()));
  gauge('omega_worker_draining', '1 while the worker stops', () => Number(gauges.draining()));
  gauge('omega_worker_oldest_active_task_age_seconds', 'Run time of the oldest task', gauges.oldestTask);
  gauge(
    'omega_worker_oldest_unacked_message_age_seconds',
    'Time since the oldest delivery came that is not acknowledged',
    gauges.oldestDelivery,
  );
  if (timeLimit === undefined) return;
  gauge('omega_worker_task_time_limit_seconds', 'Time limit of tasks without one', () => timeLimit);
}
