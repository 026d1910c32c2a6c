/** What Prometheus sees of a worker node. Labels never hold ids, hosts or model names. */
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Cap, capQueues } from './cardinality.ts';
import { type CeleryMetrics, createCeleryMetrics } from './celery.ts';
import { type ControlMetrics, createControlMetrics } from './control.ts';
import { createDeliveryMetrics, type DeliveryMetrics } from './deliveries.ts';
import { createExecutorMetrics, type ExecutorMetrics } from './executors.ts';
import { createInstruments, type Instruments } from './instruments.ts';
import { createRunMetrics, type RunMetrics } from './runs.ts';
import { createStoreMetrics, type StoreMetrics } from './stores.ts';
import { createTaskMetrics, type TaskMetrics } from './tasks.ts';
import { createWorkerMetrics, type WorkerMetrics } from './worker.ts';

/** What is counted where it happens. What can be read at each scrape is added by the functions for gauges. */
export interface Metrics
  extends TaskMetrics,
    RunMetrics,
    StoreMetrics,
    DeliveryMetrics,
    ExecutorMetrics,
    ControlMetrics,
    WorkerMetrics {
  readonly registry: Registry;
  readonly instruments: Instruments;
  /** What is shown to those who know celery-exporter; null where that is off. */
  readonly celery: CeleryMetrics | null;
  /** What queues count as. */
  readonly queues: Cap;
  /** Counts nothing, but shows from now on what may be counted: `increase()` does not see the first step of a new series. */
  expect(tasks: readonly string[], queueNames: readonly string[]): void;
}

/** @param celeryNode - the nodename, where `/metrics/celery` is on. */
export function createMetrics(celeryNode: string | null): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const instruments = createInstruments(registry);
  const queues = capQueues();
  const celery = celeryNode === null ? null : createCeleryMetrics(celeryNode, queues);
  const tasks = createTaskMetrics(instruments, queues);
  const runs = createRunMetrics(instruments);
  const deliveries = createDeliveryMetrics(instruments, queues);

  return {
    ...{ registry, instruments, celery, queues },
    ...tasks,
    ...runs,
    ...deliveries,
    ...createStoreMetrics(instruments),
    ...createExecutorMetrics(instruments),
    ...createControlMetrics(instruments),
    ...createWorkerMetrics(instruments),
    expect(names, queueNames) {
      queues.expect(queueNames);
      celery?.expectTasks(names, queueNames);
      tasks.expectTasks(names, queueNames);
      runs.expectRuns(names);
      deliveries.expectDeliveries(names, queueNames);
    },
  };
}
