/** What Prometheus sees of a worker node. Labels never hold ids, hosts or model names. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What happens to a task, by the names of Celery's events. */
const TASK_EVENTS = ['received', 'started', 'succeeded', 'failed', 'retried', 'revoked', 'rejected'] as const;
type TaskEvent = (typeof TASK_EVENTS)[number];

const EXECUTOR_ENDS = ['crash', 'memory', 'time-limit', 'terminated'] as const;
type ExecutorEnd = (typeof EXECUTOR_ENDS)[number];

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

export interface Metrics {
  readonly registry: Registry;
  taskEvent(event: TaskEvent, task: string, queue: string): void;
  taskFailed(task: string, exception: string): void;
  taskDuration(seconds: number, task: string, queue: string): void;
  redelivered(task: string, queue: string): void;
  acknowledged(queue: string, result: 'ack' | 'requeue' | 'reject' | 'stale'): void;
  executorEnded(reason: ExecutorEnd): void;
  /** Counts nothing, but shows from now on what may be counted: `increase()` does not see the first step of a new series. */
  expect(tasks: Iterable<string>, queues: readonly string[]): void;
}

const DURATION_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
];
const MAX_EXCEPTIONS = 50;

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const registers = [registry];
  const events = new Counter({
    name: 'omega_tasks_total',
    help: 'Tasks by what happened to them',
    labelNames: ['task', 'queue', 'event'],
    registers,
  });
  const failures = new Counter({
    name: 'omega_task_failures_total',
    help: 'Failed tasks by exception',
    labelNames: ['task', 'exception'],
    registers,
  });
  const durations = new Histogram({
    name: 'omega_task_duration_seconds',
    help: 'Run time of tasks, whatever their outcome',
    labelNames: ['task', 'queue'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const redeliveries = new Counter({
    name: 'omega_task_redeliveries_total',
    help: 'Deliveries that the broker had delivered before',
    labelNames: ['task', 'queue'],
    registers,
  });
  const acks = new Counter({
    name: 'omega_task_acks_total',
    help: 'Deliveries by how they were settled',
    labelNames: ['queue', 'result'],
    registers,
  });
  const executorEnds = new Counter({
    name: 'omega_executor_restarts_total',
    help: 'Executors that were ended or died, by reason',
    labelNames: ['reason'],
    registers,
  });
  const knownExceptions = new Set<string>();

  return {
    registry,
    taskEvent: (event, task, queue) => events.inc({ task, queue, event }),
    taskFailed: (task, exception) => failures.inc({ task, exception: capped(exception, knownExceptions) }),
    taskDuration: (seconds, task, queue) => durations.observe({ task, queue }, seconds),
    redelivered: (task, queue) => redeliveries.inc({ task, queue }),
    acknowledged: (queue, result) => acks.inc({ queue, result }),
    executorEnded: (reason) => executorEnds.inc({ reason }),
    expect(tasks, queues) {
      for (const reason of EXECUTOR_ENDS) executorEnds.inc({ reason }, 0);
      for (const task of tasks) {
        for (const queue of queues) {
          redeliveries.inc({ task, queue }, 0);
          for (const event of TASK_EVENTS) events.inc({ task, queue, event }, 0);
        }
      }
    },
  };
}

/** Adds the gauges, read at each scrape, once there is something to read. */
export function addGauges(registry: Registry, gauges: WorkerGauges): void {
  const registers = [registry];
  new Gauge({
    name: 'omega_worker_info',
    help: 'Always 1; the labels describe the worker',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version: gauges.version, node_version: process.version }, 1);
  const read: [name: string, help: string, value: () => number][] = [
    ['omega_worker_concurrency', 'Slots, each one executor process', gauges.concurrency],
    ['omega_worker_active_tasks', 'Tasks that run now', gauges.active],
    ['omega_worker_reserved_tasks', 'Tasks received and not started', gauges.reserved],
    ['omega_broker_connected', '1 while both broker connections are open', () => Number(gauges.connected())],
    ['omega_worker_consuming', '1 while the worker consumes its queues', () => Number(gauges.consuming())],
    ['omega_worker_draining', '1 while the worker stops', () => Number(gauges.draining())],
    ['omega_worker_oldest_active_task_age_seconds', 'Run time of the oldest task', gauges.oldestTask],
    [
      'omega_worker_oldest_unacked_message_age_seconds',
      'Time since the oldest delivery came that is not acknowledged',
      gauges.oldestDelivery,
    ],
  ];
  const { timeLimit } = gauges;
  if (timeLimit !== undefined) {
    read.push(['omega_worker_task_time_limit_seconds', 'Time limit of tasks without one', () => timeLimit]);
  }
  for (const [name, help, value] of read) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }
}

/** Exception names come from user code: beyond the cap they count as `other`, so that series stay few. */
function capped(name: string, known: Set<string>): string {
  if (known.has(name)) return name;
  if (known.size >= MAX_EXCEPTIONS) return 'other';
  known.add(name);
  return name;
}
