/** Tasks: what happened to them, how long they waited, and how long they ran. */
import { type Cap, capExceptions } from './cardinality.ts';
import type { Instruments } from './instruments.ts';

/** What happens to a task, by the names of Celery's events. */
export const TASK_EVENTS = [
  'received',
  'started',
  'succeeded',
  'failed',
  'retried',
  'revoked',
  'rejected',
] as const;
export type TaskEvent = (typeof TASK_EVENTS)[number];

/** `task` is the name of a registered task, or `unregistered`. */
export interface TaskMetrics {
  taskEvent(event: TaskEvent, task: string, queue: string): void;
  taskFailed(task: string, exception: string): void;
  taskDuration(seconds: number, task: string, queue: string): void;
  /** From the time at which a task was sent, or its ETA, to its start. */
  taskWaited(seconds: number, queue: string): void;
  expectTasks(tasks: Iterable<string>, names: Iterable<string>): void;
}

export const DURATION_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
];
/** Those of celery-exporter. */
export const WAIT_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];

export function createTaskMetrics({ counter, histogram }: Instruments, queues: Cap): TaskMetrics {
  const events = counter('omega_tasks_total', 'Tasks by what happened to them', 'task', 'queue', 'event');
  const failures = counter('omega_task_failures_total', 'Failed tasks by exception', 'task', 'exception');
  const durations = histogram(
    'omega_task_duration_seconds',
    'Run time of tasks, whatever their outcome',
    DURATION_BUCKETS,
    'task',
    'queue',
  );
  const waits = histogram(
    'omega_task_queue_wait_seconds',
    'Time from the sending of a task, or its ETA, to its start',
    WAIT_BUCKETS,
    'queue',
  );
  const exceptions = capExceptions();

  return {
    taskEvent: (event, task, queue) => events.inc({ task, queue: queues.of(queue), event }),
    taskFailed: (task, exception) => failures.inc({ task, exception: exceptions.of(exception) }),
    taskDuration: (seconds, task, queue) => durations.observe({ task, queue: queues.of(queue) }, seconds),
    taskWaited: (seconds, queue) => waits.observe({ queue: queues.of(queue) }, seconds),
    expectTasks(tasks, names) {
      for (const queue of names) waits.zero({ queue: queues.of(queue) });
      for (const task of tasks) {
        for (const queue of names) {
          for (const event of TASK_EVENTS) events.inc({ task, queue: queues.of(queue), event }, 0);
        }
      }
    },
  };
}
