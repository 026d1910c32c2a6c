/** The chart's ScaledObject, played against RabbitMQ's real management API and real workers. */
import { expect, it } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { note } from '../support/tasks.ts';
import { type Place, type TestWorker, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';
import { countMessages, createAutoscaler, type ScalingRule, scalingRule } from './autoscaler.ts';
import { ofKind, render } from './chart.ts';
import { type MonitoredBroker, useMonitoredBroker } from './monitored-broker.ts';

const TASKS = 200;
const MOST = 3;
/** Of each task. */
const SECONDS = 0.5;

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

it('0 workers, 200 tasks, all workers, 0 workers: every task runs once', { timeout: 300_000 }, async () => {
  const broker = await useMonitoredBroker();
  const place = usePlace(broker.url);
  const om = await useClient(place);
  const trace = useTrace();
  const deployment = createDeployment(place);
  const sizes: number[] = [];
  const sentAt = Date.now();
  const results = Promise.all(
    Array.from({ length: TASKS }, (_, index) =>
      om.runtime.task(note)({ path: trace.path, text: String(index), seconds: SECONDS }),
    ),
  );
  let drained = 0;
  results.then(
    () => (drained = (Date.now() - sentAt) / 1000),
    () => undefined,
  );
  await scaleUntil(broker, ruleFor(place.queue), deployment, (size) => {
    sizes.push(size);
    return drained > 0 && size === 0;
  });

  expect(await results).toHaveLength(TASKS);
  expect(
    trace
      .lines()
      .map(Number)
      .toSorted((a, b) => a - b),
  ).toEqual(Array.from({ length: TASKS }, (_, index) => index));
  expect(Math.max(...sizes)).toBe(MOST);
  expect(new Set(await deployment.ended())).toEqual(new Set([0]));
  const work = (TASKS * SECONDS) / (MOST * 2);
  const start = await deployment.slowestStart();
  process.stderr.write(
    `drained in ${drained.toFixed(1)} s: ${work.toFixed(1)} s of work for all slots, ${start.toFixed(1)} s for the slowest start\n`,
  );
});

/** The Deployment of a pool: starts workers, and ends the newest first, as Kubernetes does without another wish. */
interface Deployment {
  readonly size: number;
  scale(size: number): void;
  /** In seconds, until a worker consumed. */
  slowestStart(): Promise<number>;
  /** Exit statuses of all that were ended. */
  ended(): Promise<(number | null)[]>;
}

function createDeployment(place: Place): Deployment {
  const running: Promise<TestWorker>[] = [];
  const ended: Promise<number | null>[] = [];
  const starts: Promise<number>[] = [];

  function start(): Promise<TestWorker> {
    const startedAt = Date.now();
    const worker = useWorker(place);
    starts.push(worker.then(() => (Date.now() - startedAt) / 1000));
    return worker;
  }

  return {
    get size() {
      return running.length;
    },
    scale(size) {
      while (running.length < size) running.push(start());
      for (const worker of running.splice(size)) ended.push(worker.then((one) => one.stop()));
    },
    slowestStart: async () => Math.max(...(await Promise.all(starts))),
    ended: () => Promise.all(ended),
  };
}

async function scaleUntil(
  broker: MonitoredBroker,
  rule: ScalingRule,
  deployment: Deployment,
  isOver: (size: number) => boolean,
): Promise<void> {
  const scaler = createAutoscaler(rule);
  const step = async (): Promise<boolean> => {
    deployment.scale(scaler.decide(await countMessages(broker, rule), deployment.size, Date.now()));
    await new Promise((resolve) => setTimeout(resolve, rule.pollEvery));
    return isOver(deployment.size);
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
