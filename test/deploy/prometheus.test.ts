/** A real Prometheus scrapes real workers and a real RabbitMQ: the dashboards have values, the alerts fire and clear. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { task } from '../../src/contract/task.ts';
import type { Omega } from '../../src/omega.ts';
import { freePort, LOOPBACK } from '../../src/services/tcp.ts';
import { until } from '../support/broker-harness.ts';
import { die, note } from '../support/tasks.ts';
import { type Place, type TestWorker, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';
import { dashboards, expressionsOf } from './dashboards.ts';
import { CLUSTER_METRICS } from './exposed.ts';
import { useMonitoredBroker } from './monitored-broker.ts';
import { type Prometheus, usePrometheus } from './prometheus.ts';
import { metricsIn } from './promql.ts';

/** In milliseconds. */
const PATIENCE = 90_000;

const nobodys = task({ name: 'test.nobodys', input: z.object({}), run: () => null });

interface Cluster {
  readonly om: Omega;
  readonly place: Place;
  readonly prometheus: Prometheus;
  readonly workers: readonly TestWorker[];
  /** Starts another worker where one was before. */
  restart(index: number): Promise<TestWorker>;
}

it('every expression of the dashboards on workers and queues has a value', { timeout: 300_000 }, async () => {
  const { om, prometheus } = await useCluster();
  const expressions = dashboards().flatMap((dashboard) => expressionsOf(dashboard, '10s'));
  const checked = expressions.filter((one) =>
    metricsIn(one).every((name) => !CLUSTER_METRICS.includes(name)),
  );
  expect(checked.length).toBeGreaterThan(30);
  const empty = async (): Promise<string[]> => {
    await useEverything(om);
    const counts = await Promise.all(checked.map(async (one) => (await prometheus.query(one)).length));
    return checked.filter((_, index) => counts[index] === 0);
  };
  await expect.poll(empty, { timeout: PATIENCE, interval: 1_000 }).toEqual([]);
});

it('five faults fire five alerts; those that end are clear again', { timeout: 300_000 }, async () => {
  const { om, prometheus, workers, restart } = await useCluster();
  const trace = useTrace();
  expect(await prometheus.firing()).toEqual([]);

  // Unknown, failing and deadly tasks.
  await untilFired(
    prometheus,
    ['OmegaDeadLettered', 'OmegaExecutorCrashLoop', 'OmegaTaskFailureRatioHigh'],
    async () => {
      await Promise.allSettled([
        useEverything(om),
        om.runtime.task(die)({ path: trace.path, times: trace.lines().length + 1 }),
      ]);
    },
  );

  // No worker.
  await Promise.all(workers.map((worker) => worker.stop()));
  const waiting = om.runtime.task(note)({ path: trace.path, text: 'late' });
  await untilFired(prometheus, ['OmegaQueueHasNoConsumers', 'OmegaWorkerUnreachable']);

  await Promise.all(workers.map((_, index) => restart(index)));
  expect(await waiting).toBe('late');
  await expect.poll(() => prometheus.firing(), { timeout: PATIENCE }).toEqual([]);
});

/** Two workers on a broker of their own, and a Prometheus. */
async function useCluster(): Promise<Cluster> {
  const broker = await useMonitoredBroker();
  const place = usePlace(broker.url);
  const ports = [await freePort(), await freePort()];
  const start = (port: number) => useWorker(place, ['--http-port', String(port), '--time-limit', '60']);
  const [om, ...workers] = await Promise.all([useClient(place), ...ports.map(start)]);
  const addresses = ports.map((port) => `${LOOPBACK}:${port}`);
  const prometheus = await usePrometheus(addresses, broker);
  await until(async () => (await prometheus.query('up == 1')).length === 3);
  return { om, place, prometheus, workers, restart: (index) => start(ports[index] ?? 0) };
}

/** Something for every panel: what succeeds, fails, is unknown, and is delivered again. */
async function useEverything(om: Omega): Promise<void> {
  await Promise.allSettled([
    om.runtime.ping(),
    om.runtime.task(nobodys)({}),
    om.runtime.model('missing').predict('missing'),
  ]);
}

/** Until each has fired once. @param fault - done again and again until then. */
async function untilFired(
  prometheus: Prometheus,
  alerts: readonly string[],
  fault: () => Promise<void> = async () => {},
): Promise<void> {
  const fired = new Set<string>();
  const missing = async (): Promise<string[]> => {
    await fault();
    for (const alert of await prometheus.firing()) fired.add(alert);
    return alerts.filter((alert) => !fired.has(alert));
  };
  await expect.poll(missing, { timeout: PATIENCE }).toEqual([]);
}
