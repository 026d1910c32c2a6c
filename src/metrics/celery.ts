/**
 * What celery-exporter would have counted, by its names, for dashboards and alerts that were made for it. It knows tasks by
 * their events, and so does this: of what was revoked before, or is unknown, only the end is told.
 */
import { Registry } from 'prom-client';
import { type Cap, capExceptions, UNREGISTERED } from './cardinality.ts';
import { createInstruments } from './instruments.ts';
import { DURATION_BUCKETS, TASK_EVENTS, type TaskEvent, WAIT_BUCKETS } from './tasks.ts';

interface CeleryTask {
  readonly name: string;
  readonly queue: string;
}

export interface CeleryMetrics {
  readonly registry: Registry;
  happened(event: Exclude<TaskEvent, 'failed'>, task: CeleryTask): void;
  failed(task: CeleryTask, exception: string): void;
  /** Of a task that succeeded. */
  ran(seconds: number, task: CeleryTask): void;
  waited(seconds: number, task: CeleryTask): void;
  /** Adds what is read at each scrape. */
  addWorker(active: () => number): void;
  expectTasks(tasks: readonly string[], queues: readonly string[]): void;
}

type Label = 'name' | 'hostname' | 'queue_name';

/** @param nodename - whose part after the `@` is the label `hostname`. */
export function createCeleryMetrics(nodename: string, queues: Cap): CeleryMetrics {
  const registry = new Registry();
  const { counter, histogram, gauges } = createInstruments(registry);
  const names: Label[] = ['name', 'hostname', 'queue_name'];
  const hostname = nodename.slice(nodename.indexOf('@') + 1);
  const events = new Map(
    TASK_EVENTS.filter((event) => event !== 'failed').map((event) => [
      event,
      counter<Label>(`celery_task_${event}_total`, `Tasks that were ${event}`, ...names),
    ]),
  );
  const failures = counter<Label | 'exception'>(
    'celery_task_failed_total',
    'Tasks that failed',
    ...names,
    'exception',
  );
  const runtimes = histogram<Label>(
    'celery_task_runtime',
    'Seconds that tasks ran which succeeded',
    DURATION_BUCKETS,
    ...names,
  );
  const waits = histogram<Label>(
    'celery_task_queue_wait_time',
    'Seconds that tasks waited in their queue',
    WAIT_BUCKETS,
    ...names,
  );
  const exceptions = capExceptions();
  const labels = ({ name, queue }: CeleryTask) => ({ name, hostname, queue_name: queues.of(queue) });

  return {
    registry,
    happened: (event, task) => events.get(event)?.inc(labels(task)),
    failed: (task, exception) => failures.inc({ ...labels(task), exception: exceptions.of(exception) }),
    ran: (seconds, task) => runtimes.observe(labels(task), seconds),
    waited: (seconds, task) => waits.observe(labels(task), seconds),
    addWorker(active) {
      gauges('celery_worker_up', '1 while the worker is there', 'hostname', () => [[hostname, 1]]);
      gauges('celery_worker_tasks_active', 'Tasks that run now', 'hostname', () => [[hostname, active()]]);
    },
    expectTasks(tasks, queueNames) {
      for (const name of [...tasks, UNREGISTERED]) {
        for (const queue of queueNames)
          for (const each of events.values()) each.inc(labels({ name, queue }), 0);
      }
    },
  };
}
