/** MongoDB is away: nothing is lost, nothing fails, and the worker says that it is not ready. Or it refuses for good. */
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MultivariateLinearRegression } from 'ml-regression';
import { expect, it } from 'vitest';
import { connectMongo } from '../../src/mongo/client.ts';
import { until, useProxy } from '../support/broker-harness.ts';
import { isRoot, useSmallDisk } from '../support/small-disk.ts';
import { add, note } from '../support/tasks.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import {
  metric,
  type Place,
  spawnWorker,
  type TestWorker,
  useClient,
  usePlace,
  useTrace,
  useWorker,
} from '../support/worker.ts';

/** A worker that reaches MongoDB through a proxy, and gives up on it soon. */
async function useProxiedWorker(place: Place): Promise<{ worker: TestWorker; mongo: TcpProxy }> {
  const mongo = await useProxy(place.mongoUrl);
  const url = new URL(mongo.url(place.mongoUrl));
  url.searchParams.set('directConnection', 'true');
  url.searchParams.set('serverSelectionTimeoutMS', '1000');
  return { worker: await useWorker({ ...place, mongoUrl: url.href }), mongo };
}

async function readiness({ url }: TestWorker): Promise<string> {
  const response = await fetch(`${url}/readyz`);
  return `${response.status} ${(await response.text()).trim()}`;
}

it('takes nothing and is not ready while MongoDB is away, and goes on when it is back', async () => {
  const place = usePlace();
  const { worker, mongo } = await useProxiedWorker(place);
  const om = await useClient(place);
  await mongo.refuse();
  await until(async () => (await readiness(worker)) === '503 MongoDB takes no writes');
  const handles = [1, 2, 3].map((x) => om.runtime.task(add)({ x, y: 1 }));
  await Promise.all(handles.map(({ sent }) => sent));
  expect(await metric(worker, 'omega_worker_consuming')).toBe(0);

  await mongo.accept();
  await until(async () => (await readiness(worker)) === '200 ok');
  expect(await Promise.all(handles.map((handle) => handle.get({ timeout: 10_000 })))).toEqual([2, 3, 4]);
});

it('a connection to MongoDB that says nothing any more is noticed', async () => {
  const place = usePlace();
  const { worker, mongo } = await useProxiedWorker(place);
  mongo.hold();
  await until(async () => (await readiness(worker)) === '503 MongoDB takes no writes', 15_000);
}, 30_000);

it('a task that ends meanwhile has its result stored when MongoDB is back, and does not run again', async () => {
  const place = usePlace();
  const { worker, mongo } = await useProxiedWorker(place);
  const [om, trace] = [await useClient(place), useTrace()];
  const handle = om.runtime.task(note)({ path: trace.path, text: 'run', seconds: 0.8 });
  await until(async () => (await metric(worker, 'omega_worker_active_tasks')) === 1);
  await mongo.refuse();
  await until(() => worker.lines.some(({ msg }) => String(msg).startsWith('the result cannot be stored')));
  expect(trace.lines()).toEqual(['run']);

  await mongo.accept();
  expect(await handle.get({ timeout: 10_000 })).toBe('run');
  expect(trace.lines()).toEqual(['run']);
});

it('a fit that finds no MongoDB goes back to its queue, and fits when it is back', async () => {
  const place = usePlace();
  const [om, { worker, mongo }] = await Promise.all([useClient(place), useProxiedWorker(place)]);
  await om.datasets.put(
    Array.from({ length: 20 }, (_, x) => ({ x, y: 2 * x + 1 })),
    'line',
  );
  await om.models.put(new MultivariateLinearRegression([[0], [1]], [[1], [3]]), 'slope');
  await until(async () => (await readiness(worker)) === '200 ok');
  // The supervisor has connections, the executor none yet: only what it opens now is refused.
  await mongo.refuseNew();
  const handle = om.runtime.model('slope').fit('line[x]', 'line[y]');
  await until(() => worker.lines.some(({ msg }) => String(msg).includes('cannot be processed now')), 20_000);

  await mongo.accept();
  expect(await handle.get({ timeout: 30_000 })).toContain('name=slope');
}, 60_000);

it('a fit that finds no MongoDB fails where its message is acknowledged already, and its client hears of it', async () => {
  const environment = { OMEGA_TASK_ANNOTATIONS: '{"*": {"acks_late": false}}' };
  const place = { ...usePlace(), environment };
  const [om, { worker, mongo }] = await Promise.all([useClient(place), useProxiedWorker(place)]);
  await om.datasets.put([{ x: 1, y: 3 }], 'line');
  await om.models.put(new MultivariateLinearRegression([[0], [1]], [[1], [3]]), 'slope');
  await until(async () => (await readiness(worker)) === '200 ok');
  // The supervisor has connections, the executor none yet: only what it opens now is refused.
  await mongo.refuseNew();
  await expect(om.runtime.model('slope').fit('line[x]', 'line[y]').get({ timeout: 30_000 })).rejects.toThrow(
    /OperationalError/,
  );
}, 60_000);

it('a result that a rule of the collection forbids fails its task, and the worker goes on', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const mongo = await connectMongo(place.mongoUrl);
  await mongo.db.command({ collMod: 'celery_taskmeta', validator: { result: { $ne: '13' } } });
  await mongo.close();
  const results = [12, 13, 14].map((x) => om.runtime.task(add)({ x, y: 0 }));
  await expect(results[1]).rejects.toThrow(/BackendStoreError.*refused by MongoDB \(error 121\)/);
  expect(await Promise.all([results[0], results[2]])).toEqual([12, 14]);
  expect(await readiness(worker)).toBe('200 ok');
});

it.skipIf(!isRoot)(
  'goes on although its log cannot be written, and logs again when there is room',
  async () => {
    const [place, disk] = [usePlace(), useSmallDisk('4m')];
    const om = await useClient(place);
    const path = join(disk.folder, 'worker.log');
    disk.fill();
    const worker = spawnWorker(place, openSync(path, 'a'));
    expect(await om.runtime.task(add)({ x: 1, y: 2 })).toBe(3);
    expect(readFileSync(path, 'utf8')).toBe('');

    disk.free();
    expect(await om.runtime.task(add)({ x: 3, y: 4 })).toBe(7);
    await until(() => readFileSync(path, 'utf8').includes('task succeeded'));
    disk.fill();
    worker.kill('SIGTERM');
    expect(await once(worker, 'exit')).toEqual([0, null]);
  },
);
