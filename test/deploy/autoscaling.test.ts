/** The chart's ScaledObject, played against RabbitMQ's real management API and real workers. */
import { expect, it } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { useKubernetesApi } from '../support/kubernetes-api.ts';
import { linger, note } from '../support/tasks.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';
import { countMessages, createAutoscaler, type ScalingRule, scalingRule } from './autoscaler.ts';
import { ofKind, render } from './chart.ts';
import { type MonitoredBroker, useMonitoredBroker } from './monitored-broker.ts';
import { createReplicaSet, podName, type ReplicaSet, wronglyEnded } from './replica-set.ts';

const TASKS = 200;
const MOST = 3;
/** Of a worker. */
const SLOTS = 2;
/** Of each task. */
const SECONDS = 0.5;
/** So many of the last ones take longer, if the youngest worker runs them: it still does when there are too many workers. */
const LAST = 20;
const LONG_SECONDS = 16;

it('what runs keeps its workers, and nothing is ended before the cooldown', () => {
  const scaler = createAutoscaler(ruleFor('jobs'));
  expect(scaler.decide(0, 0, 0)).toBe(0);
  expect(scaler.decide(1, 0, 1)).toBe(1);
  expect(scaler.decide(5, 1, 2)).toBe(3);
  expect(scaler.decide(100, 3, 3)).toBe(MOST);
  // Two run: one worker would do, but three were wanted a moment ago.
  expect(scaler.decide(2, 3, 1_000)).toBe(3);
  expect(scaler.decide(2, 3, 10_000)).toBe(1);
  expect(scaler.decide(0, 1, 14_000)).toBe(1);
  expect(scaler.decide(0, 1, 15_001)).toBe(0);
});

it('counts what waits, and what workers hold, over all queues of the pool', {
  timeout: 180_000,
}, async () => {
  const broker = await useMonitoredBroker();
  const place = usePlace(broker.url);
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const rule = ruleFor(place.queue);
  const path = useTrace().path;
  const handles = Array.from({ length: 9 }, () => om.runtime.task(note)({ path, text: 'x', seconds: 4 }));
  await expect.poll(() => countMessages(broker, rule), { timeout: 20_000 }).toBe(9);
  await expect.poll(() => countReady(broker, rule), { timeout: 20_000 }).toBeLessThan(9);
  await Promise.all(handles);
  await expect.poll(() => countMessages(broker, rule), { timeout: 20_000 }).toBe(0);
  expect(await worker.stop()).toBe(0);
});

it('0 workers, 200 tasks, all workers, 0 workers: every task runs once, and idle workers go first', {
  timeout: 300_000,
}, async () => {
  const broker = await useMonitoredBroker();
  const place = usePlace(broker.url);
  const om = await useClient(place);
  const trace = useTrace();
  const pods = createReplicaSet(place, await useKubernetesApi());
  const rule = ruleFor(place.queue);
  const sizes: number[] = [];
  const sentAt = Date.now();
  let seenAt = 0;
  let isDone = false;
  const runs = Promise.all(
    Array.from({ length: TASKS }, async (_, index) => {
      const inPod = { name: podName(MOST), seconds: index < TASKS - LAST ? SECONDS : LONG_SECONDS };
      const taken = await om.runtime.task(linger)({
        ...{ path: trace.path, text: String(index), seconds: SECONDS, inPod },
      });
      return { taken, endedAt: Date.now() };
    }),
  ).finally(() => {
    isDone = true;
  });
  await scaleUntil(broker, rule, pods, (size) => {
    sizes.push(size);
    if (size > 0) seenAt ||= Date.now();
    return isDone && size === 0;
  });

  const numbers = trace.lines().map(Number);
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: TASKS }, (_, index) => index));
  expect(Math.max(...sizes)).toBe(MOST);
  expect(new Set(await pods.statuses())).toEqual(new Set([0]));
  expect(pods.decisions.flatMap(wronglyEnded)).toEqual([]);
  // Otherwise the youngest would have been ended in the middle of its tasks.
  const withoutCost = pods.decisions.map(({ candidates, ended }) => ({
    candidates: candidates.map((pod) => ({ ...pod, cost: 0 })),
    ended,
  }));
  expect(withoutCost.flatMap(wronglyEnded).map(({ name }) => name)).toContain(podName(MOST));
  const short = (await runs).filter(({ taken }) => taken === SECONDS);
  const drained = Math.max(...short.map(({ endedAt }) => endedAt)) - seenAt;
  const start = await pods.slowestStart();
  const work = Math.ceil((short.length * SECONDS) / (MOST * SLOTS));
  process.stderr.write(
    `drained in ${seconds(drained)} s, of ${seconds(1300 * (work + start) + 1.3 * rule.pollEvery)} s that it may take: ${work} s of work for all slots, ${start.toFixed(1)} s for the slowest start; RabbitMQ told of the new queue after ${seconds(seenAt - sentAt)} s\n`,
  );
});

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}

async function scaleUntil(
  broker: MonitoredBroker,
  rule: ScalingRule,
  pods: ReplicaSet,
  isOver: (size: number) => boolean,
): Promise<void> {
  const scaler = createAutoscaler(rule);
  const step = async (): Promise<boolean> => {
    await pods.scale(scaler.decide(await countMessages(broker, rule), pods.size, Date.now()));
    await new Promise((resolve) => setTimeout(resolve, rule.pollEvery));
    return isOver(pods.size);
  };
  await until(step, 240_000, 'drained, and no worker left');
}

function countReady(broker: MonitoredBroker, rule: ScalingRule): Promise<number> {
  return countMessages(broker, { ...rule, trigger: { ...rule.trigger, excludeUnacknowledged: 'true' } });
}

/** As the chart makes it for a pool that consumes a queue. */
function ruleFor(queue: string): ScalingRule {
  const autoscaling = { type: 'keda', maxReplicas: MOST };
  const manifests = render(null, [
    `defaults.autoscaling=${JSON.stringify(autoscaling)}`,
    `defaults.queues=["${queue}"]`,
  ]);
  const [scaledObject] = ofKind(manifests, 'ScaledObject');
  if (!scaledObject) throw new Error('the chart makes no ScaledObject');
  return scalingRule(scaledObject);
}
