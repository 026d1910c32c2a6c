import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { connectMongo } from '../../src/mongo/client.ts';
import { READY_STATES, REVOKED } from '../../src/protocol/states.ts';
import { until, useProxy } from '../support/broker-harness.ts';
import { hasRabbitmqctl, rabbitmqctl } from '../support/rabbitmqctl.ts';
import { brokerUrl } from '../support/services.ts';
import { isFitting, putSlowFit } from '../support/slow-fit.ts';
import { add, die, note } from '../support/tasks.ts';
import { isAlive, metric, type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

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
  await until(() => isFitting(handle), 20_000);
  const executors = first.executorPids();
  expect(executors.length).toBeGreaterThan(0);
  first.process.kill('SIGKILL');
  await until(() => executors.every((pid) => !isAlive(pid)), 1_000);
  // It was in the middle.
  expect(await isFitting(handle)).toBe(true);

  await useWorker(place);
  expect(await handle.get({ timeout: 60_000 })).toContain('name=forest');
  const { attributes } = await om.models.metadata('forest');
  // The put of the model before its fit is the other one.
  expect(attributes).toHaveProperty('versions.commits.length', 2);
  const mongo = await connectMongo(place.mongoUrl);
  const results = await mongo.db
    .collection('celery_taskmeta')
    // All but revocations, which other tests broadcast to every worker of the virtual host.
    .find({ status: { $in: READY_STATES.filter((state) => state !== REVOKED) } })
    .toArray();
  await mongo.close();
  expect(results).toHaveLength(1);
}, 120_000);

it('consumes again within five seconds after its connections were cut, and loses nothing', async () => {
  const proxy = await useProxy();
  const place = usePlace();
  await surviveLoss(place, proxy.url(place.broker), () => proxy.cut());
});

it.skipIf(!hasRabbitmqctl())('does the same when the operator closes all connections', async () => {
  const vhost = `operator_${randomUUID()}`;
  rabbitmqctl('add_vhost', vhost);
  onTestFinished(() => void rabbitmqctl('delete_vhost', vhost));
  rabbitmqctl('set_permissions', '-p', vhost, 'guest', '.*', '.*', '.*');
  const broker = new URL(brokerUrl());
  broker.pathname = `/${vhost}`;
  const place = usePlace(broker.href);
  await surviveLoss(place, place.broker, () => rabbitmqctl('close_all_connections', '-p', vhost, 'test'));
});

it('returns what it has not started to its queue when it is stopped, and finishes what runs', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const handles = [1, 2, 3, 4].map((i) =>
    om.runtime.task(note)({ path: trace.path, text: `${i}`, seconds: 4 }),
  );
  await until(async () => (await metric(worker, 'omega_worker_active_tasks')) === 2);
  expect(await worker.stop()).toBe(0);
  expect(trace.lines()).toHaveLength(2);
  await useWorker(place);
  expect(await Promise.all(handles)).toEqual(['1', '2', '3', '4']);
  expect(trace.lines()).toHaveLength(4);
});

/** Loses the worker's connections in the middle of 40 tasks on two slots. */
async function surviveLoss(place: Place, workerBroker: string, lose: () => unknown): Promise<void> {
  const [om, worker] = await Promise.all([useClient(place), useWorker({ ...place, broker: workerBroker })]);
  const trace = useTrace();
  const texts = Array.from({ length: 40 }, (_, i) => `task ${i}`);
  const handles = texts.map((text) => om.runtime.task(note)({ path: trace.path, text, seconds: 0.2 }));
  await until(() => trace.lines().length >= 4);
  lose();
  const done = trace.lines().length;
  await until(() => worker.lines.some(({ msg }) => String(msg).includes('connection to the broker is lost')));
  await until(async () => (await fetch(`${worker.url}/readyz`)).status === 200, 5_000);
  await until(() => trace.lines().length > done + 2, 5_000);
  expect(await Promise.all(handles.map((handle) => handle.get({ timeout: 20_000 })))).toEqual(texts);
  expect(new Set(trace.lines())).toEqual(new Set(texts));
}
