import { expect, it, vi } from 'vitest';
import { deadQueueOf } from '../../src/protocol/dead-letter.ts';
import { deleteAfterwards, until, useOperator } from '../support/broker-harness.ts';
import { again } from '../support/execution-tasks.ts';
import { EXECUTION_TASKS, useSender } from '../support/sender.ts';
import { add, note } from '../support/tasks.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

it('serves a quorum queue: tasks, later ones, retries, and what a lost worker leaves', async () => {
  vi.stubEnv('OMEGA_QUEUE_TYPE', 'quorum');
  const place = usePlace();
  const [om, send, operator] = [await useClient(place), await useSender(place), await useOperator()];
  const first = await useWorker(place, [EXECUTION_TASKS]);
  // Another type than the one it has would be refused (406).
  await operator.declareQueue(place.queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  const [retries, left] = [useTrace(), useTrace()];

  const eta = new Date(Date.now() + 2_500);
  const later = await send({ taskName: add.name, kwargs: { x: 1, y: 1 }, eta });
  const retried = om.runtime.task(again)({ path: retries.path, times: 1, countdown: 1.2 });
  expect(await om.runtime.task(add)({ x: 1, y: 2 })).toBe(3);
  expect(await retried.get({ timeout: 10_000 })).toBe('done');
  expect(await om.runtime.result(later).get({ timeout: 10_000 })).toBe(2);
  expect(Date.now()).toBeGreaterThanOrEqual(eta.getTime());

  const interrupted = om.runtime.task(note)({ path: left.path, text: 'x', seconds: 1 });
  await until(async () => (await interrupted.state()) === 'STARTED');
  first.process.kill('SIGKILL');
  await useWorker(place, [EXECUTION_TASKS]);
  expect(await interrupted.get({ timeout: 20_000 })).toBe('x');
});

it('what the broker has delivered too often fails, and is kept in the dead queue of its own queue', async () => {
  const [place, operator] = [usePlace(), await useOperator()];
  const limited = `${place.queue}.limited`;
  vi.stubEnv('OMEGA_DELIVERY_LIMIT_QUEUE', limited);
  deleteAfterwards(place.queue, limited, deadQueueOf(place.queue));
  await operator.declareQueue(limited, { durable: true });
  await operator.declareQueue(place.queue, {
    durable: true,
    deadLetterExchange: '',
    deadLetterRoutingKey: limited,
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 2 },
  });
  const om = await useClient(place);
  const handle = om.runtime.task(add)({ x: 1, y: 2 });
  await handle.sent;
  await operator.giveBack(place.queue, 3);
  await until(async () => (await operator.ready(limited)) === 1);

  await useWorker(place);
  await expect(handle.get({ timeout: 10_000 })).rejects.toThrow(/WorkerLostError.*delivery-limit/);
  const [dead] = await om.runtime.dead().list();
  expect(dead).toMatchObject({ id: handle.id, queue: place.queue });
  await om.runtime.dead().requeue([handle.id]);
  expect(await om.runtime.result(handle.id).get({ timeout: 10_000 })).toBe(3);
});
