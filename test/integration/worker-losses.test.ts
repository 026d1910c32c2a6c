import { expect, it } from 'vitest';
import { connectMongo } from '../../src/mongo/client.ts';
import { READY_STATES } from '../../src/protocol/states.ts';
import { until, useProxy } from '../support/broker-harness.ts';
import { add, die, note } from '../support/tasks.ts';
import { isAlive, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

it('runs a task whose executor dies five times in all, then fails it, while others go on', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const handle = om.runtime.task(die)({ path: trace.path });
  const neighbours = Array.from({ length: 20 }, (_, i) => om.runtime.task(add)({ x: i, y: 1 }));
  expect(await Promise.all(neighbours)).toEqual(neighbours.map((_, i) => i + 1));
  await expect(handle.get({ timeout: 25_000 })).rejects.toThrow(/WorkerLostError/);
  expect(trace.lines()).toHaveLength(5);
  expect(worker.process.exitCode).toBeNull();
});

it('killed in the middle of a fit leaves no executor, and another worker finishes it once', async () => {
  const place = usePlace();
  const [om, first] = await Promise.all([useClient(place), useWorker(place)]);
  await putSlowFit(om);
  const handle = om.runtime.model('forest').fit('X', 'y');
  await until(async () => (await handle.state()) === 'STARTED', 20_000);
  const executors = first.executorPids();
  expect(executors.length).toBeGreaterThan(0);
  first.process.kill('SIGKILL');
  await until(() => executors.every((pid) => !isAlive(pid)), 1_000);

  await useWorker(place);
  expect(await handle.get({ timeout: 60_000 })).toContain('name=forest');
  const { attributes } = await om.models.metadata('forest');
  // The put of the model before its fit is the other one.
  expect(attributes).toHaveProperty('versions.commits.length', 2);
  const mongo = await connectMongo(place.mongoUrl);
  const results = await mongo.db
    .collection('celery_taskmeta')
    .find({ status: { $in: [...READY_STATES] } })
    .toArray();
  await mongo.close();
  expect(results).toHaveLength(1);
}, 120_000);

it('consumes again within five seconds after its connections were cut, and loses nothing', async () => {
  const proxy = await useProxy();
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker({ ...place, broker: proxy.url(place.broker) })]);
  const trace = useTrace();
  const texts = Array.from({ length: 40 }, (_, i) => `task ${i}`);
  const handles = texts.map((text) => om.runtime.task(note)({ path: trace.path, text, seconds: 0.2 }));
  await until(() => trace.lines().length >= 4);
  proxy.cut();
  const cut = Date.now();
  await until(async () => (await fetch(`${worker.url}/readyz`)).status === 503, 2_000);
  await until(async () => (await fetch(`${worker.url}/readyz`)).status === 200, 5_000);
  expect(Date.now() - cut).toBeLessThan(5_000);
  expect(await Promise.all(handles)).toEqual(texts);
  expect(new Set(trace.lines())).toEqual(new Set(texts));
});

it('returns what it has not started to its queue when it is stopped, and finishes what runs', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const handles = [1, 2, 3, 4].map((i) =>
    om.runtime.task(note)({ path: trace.path, text: `${i}`, seconds: 1 }),
  );
  await Promise.all(handles.map((handle) => handle.sent));
  await until(async () => worker.executorPids().length === 2);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await worker.stop()).toBe(0);
  expect(trace.lines()).toHaveLength(2);
  await useWorker(place);
  expect(await Promise.all(handles)).toEqual(['1', '2', '3', '4']);
  expect(trace.lines()).toHaveLength(4);
});

/** Data and an unfitted forest that takes some seconds to grow. */
async function putSlowFit(om: Awaited<ReturnType<typeof useClient>>): Promise<void> {
  const { RandomForestRegressor } = await import('ml-random-forest').then((library) => ({
    RandomForestRegressor: library.RandomForestRegression,
  }));
  const rows = Array.from({ length: 20_000 }, (_, i) => ({
    a: Math.sin(i),
    b: Math.cos(i * 7),
    c: (i * 31) % 997,
  }));
  await om.datasets.put(rows, 'X');
  await om.datasets.put(
    rows.map(({ a, b, c }) => ({ y: a * b + c })),
    'y',
  );
  await om.models.put(new RandomForestRegressor({ nEstimators: 400, seed: 1 }), 'forest');
}
