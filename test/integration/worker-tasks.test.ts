import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { connectTransport } from '../../src/broker/transport.ts';
import { until } from '../support/broker-harness.ts';
import { brokerUrl } from '../support/services.ts';
import { add, echo, spin } from '../support/tasks.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

it('runs custom tasks with typed arguments and results', async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place)]);
  const sum: number = await om.runtime.task(add)({ x: 2, y: 3 });
  expect(sum).toBe(5);
  expect(await om.runtime.task(echo)({ value: { deep: [1, null, 'ä'] } })).toEqual({ deep: [1, null, 'ä'] });
});

it('answers a ping with the name of the worker', async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place)]);
  const pong = await om.runtime.ping();
  expect(pong.message).toBe('ping return message');
  expect(pong.worker).toContain(place.queue);
});

it('lets another process read the result of a task by its id', async () => {
  const place = usePlace();
  const [om, other] = await Promise.all([useClient(place), useClient(place), useWorker(place)]);
  const { id } = om.runtime.task(add)({ x: 1, y: 1 });
  const again = other.runtime.result<number>(id);
  expect(await again).toBe(2);
  expect(await again.state()).toBe('SUCCESS');
});

it('fails an unknown task, a wrong argument and a broken message, and takes the next task', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const transport = await connectTransport({ url: brokerUrl(), name: 'test', retry: false });
  const properties = { contentType: 'application/json', contentEncoding: 'utf-8' };
  const broken = { task: 'test.echo', id: randomUUID(), lang: 'py' };
  await transport.publish({
    ...{ exchange: '', routingKey: place.queue, body: Buffer.from('[1]'), unroutable: 'error' },
    properties: { ...properties, headers: broken },
  });
  await transport.close();

  await expect(om.runtime.send('no.such.task').get()).rejects.toThrow(/NotRegistered.*no\.such\.task/);
  await expect(om.runtime.send('test.add', [], { x: 'two', y: 1 }).get()).rejects.toThrow(/x/);
  await expect(om.runtime.result(broken.id).get()).rejects.toThrow(/args, kwargs, embed/);
  expect(await om.runtime.task(add)({ x: 1, y: 2 })).toBe(3);
  expect(worker.process.exitCode).toBeNull();
});

it('ends a running task that is revoked with terminate', async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const handle = om.runtime.task(spin)({ path: trace.path });
  await until(() => trace.lines().length === 1);
  await handle.revoke({ terminate: true });
  await expect(handle.get({ timeout: 5000 })).rejects.toThrow(/TaskRevokedError: terminated/);
  expect(await handle.state()).toBe('REVOKED');
});

it('does not run a task that has expired', async () => {
  const place = usePlace();
  const om = await useClient(place);
  const handle = om.runtime.task(add)({ x: 1, y: 1 }, { expires: new Date(Date.now() - 1000) });
  await handle.sent;
  await useWorker(place);
  expect(await handle.state()).not.toBe('SUCCESS');
});

it('says on HTTP that it lives, is ready, and what it has done', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  await om.runtime.task(add)({ x: 1, y: 1 });
  const get = async (path: string) => await fetch(`${worker.url}${path}`);
  expect((await get('/livez')).status).toBe(200);
  expect((await get('/readyz')).status).toBe(200);
  expect(await (await get('/metrics')).text()).toContain(
    `omega_tasks_total{task="test.add",queue="${place.queue}",event="succeeded"} 1`,
  );
});
