/** What Prometheus reads of a worker as it is now, at each scrape. */
import { totalmem } from 'node:os';
import type { Broker } from '../broker/broker.ts';
import { addBrokerGauges } from '../metrics/broker.ts';
import type { Cap } from '../metrics/cardinality.ts';
import { addExecutorGauges } from '../metrics/executors.ts';
import { addMongoGauges } from '../metrics/mongodb.ts';
import { addModelCacheGauges } from '../metrics/stores.ts';
import { addWorkerGauges } from '../metrics/worker.ts';
import type { Mongo } from '../mongo/client.ts';
import { packageVersion } from '../package-version.ts';
import { cpuLimit, memoryLimit } from './cgroup.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Intake } from './intake.ts';
import { isHeld, type Request, secondsOf, type WorkerNode } from './node.ts';

export interface GaugedParts {
  readonly broker: Broker;
  readonly mongo: Mongo;
  readonly intake: Intake;
  readonly heartbeat: Heartbeat;
}

export function addGauges(node: WorkerNode, { broker, mongo, intake, heartbeat }: GaugedParts): void {
  const { executors, metrics, requests, settings, stopping } = node;
  const { instruments } = metrics;
  const here = (): readonly Request[] => [...requests.keys()];
  addWorkerGauges(instruments, {
    version: packageVersion(),
    ...{ memoryLimit: memoryLimit() ?? totalmem(), cpuLimit: cpuLimit(), timeLimit: settings.timeLimit },
    concurrency: () => executors.slots,
    prefetch: () => intake.prefetch,
    active: () => executors.active.length,
    reserved: () => requests.size - executors.active.length,
    scheduled: () => here().filter(isHeld).length,
    leases: () => here().filter(({ lease }) => lease !== null).length,
    consuming: () => intake.consuming,
    state: () => {
      if (stopping.aborted) return 'draining';
      return heartbeat.last === null ? 'starting' : 'running';
    },
    oldestTask: () => Math.max(0, ...here().map(secondsOf)),
    oldestDeliveries: () => oldestDeliveries(metrics.queues, intake, here()),
    lastHeartbeat: () => heartbeat.last,
  });
  addExecutorGauges(instruments, () => ({ ...executors.stats(), slots: executors.slots }));
  addModelCacheGauges(instruments, () => executors.stats().cachedModels);
  metrics.celery?.addWorker(() => executors.active.length);
  addMongoGauges(instruments, mongo.pool);
  addBrokerGauges(instruments, {
    connected: () => broker.state === 'open',
    blocked: () => broker.blocked,
    reconnects: () => broker.reconnects,
  });
}

/** Since a delivery was handed to the executors, which is when it came, unless it had to wait for its ETA. */
function oldestDeliveries(cap: Cap, { queues }: Intake, requests: readonly Request[]): Map<string, number> {
  const now = Date.now();
  const oldest = new Map(queues.map(({ name, alias = name }) => [cap.of(alias), 0]));
  for (const { delivery, waitingSince } of requests) {
    if (delivery.settled || waitingSince === null) continue;
    const queue = cap.of(delivery.alias);
    oldest.set(queue, Math.max((now - waitingSince) / 1000, oldest.get(queue) ?? 0));
  }
  return oldest;
}
