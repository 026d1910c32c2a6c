import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { delayUntil } from '../../src/protocol/delay.ts';
import { encodeTask } from '../../src/protocol/task-message.ts';
import { until, useTransport } from '../support/broker-harness.ts';
import { settled, untilSettled, useSender } from '../support/sender.ts';
import { add, note } from '../support/tasks.ts';
import { metric, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const after = (seconds: number): Date => new Date(Date.now() + seconds * 1000);

it('keeps tasks for later outside of the worker, through its restart, and takes no place of others', async () => {
  const place = usePlace();
  const [om, send] = await Promise.all([useClient(place), useSender(place)]);
  const worker = await useWorker(place, ['-c', '1']);
  const { path, lines } = useTrace();
  const eta = after(10);
  const texts = ['a', 'b', 'c', 'd', 'e'];
  const ids = await Promise.all(
    texts.map((text) => send({ taskName: note.name, kwargs: { path, text }, eta })),
  );
  await untilSettled(worker, place, 'ack', texts.length);
  expect(await om.runtime.task(add)({ x: 1, y: 2 })).toBe(3);
  expect(await metric(worker, 'omega_worker_reserved_tasks')).toBe(0);
  expect(await worker.stop()).toBe(0);
  expect(lines()).toEqual([]);

  const later = await useWorker(place, ['-c', '1']);
  const results = await Promise.all(ids.map((id) => om.runtime.result(id).get({ timeout: 20_000 })));
  expect(Date.now()).toBeGreaterThanOrEqual(eta.getTime());
  expect(results).toEqual(texts);
  expect(lines().sort()).toEqual(texts);
  // It was counted where it came first.
  const received = `omega_tasks_total{task="${note.name}",queue="${place.queue}",event="received"}`;
  expect(await metric(later, received)).toBe(0);
});

it('keeps a task outside of the worker that is larger than a client may send', async () => {
  const place = usePlace();
  const [transport, worker] = await Promise.all([useTransport(place.broker), useWorker(place)]);
  const { path, lines } = useTrace();
  const kwargs = { path, text: 'x'.repeat(13 * 2 ** 20) };
  const task = { taskId: randomUUID(), taskName: note.name, args: [], kwargs, ignoreResult: true };
  const message = encodeTask({ ...task, queue: place.queue, replyTo: '', eta: after(5) });
  await transport.publish({ ...message, relayed: true });
  await untilSettled(worker, place, 'ack', 1);
  expect(lines()).toEqual([]);
  await untilSettled(worker, place, 'ack', 2);
  expect(lines()).toHaveLength(1);
  expect(await settled(worker, place, 'requeue')).toBe(0);
}, 60_000);

it('waits for less than a second in the worker, and runs at once what is overdue', async () => {
  const place = usePlace();
  const [om, send, worker] = await Promise.all([useClient(place), useSender(place), useWorker(place)]);
  const eta = after(0.9);
  const [soon, overdue] = [
    await send({ taskName: add.name, kwargs: { x: 1, y: 2 }, eta }),
    await send({ taskName: add.name, kwargs: { x: 1, y: 3 }, eta: after(-60) }),
  ];
  expect(await om.runtime.result(overdue).get({ timeout: 10_000 })).toBe(4);
  expect(await om.runtime.result(soon).get({ timeout: 10_000 })).toBe(3);
  expect(Date.now()).toBeGreaterThanOrEqual(eta.getTime());
  await untilSettled(worker, place, 'ack', 2);
});

it('revokes a task that expires before its ETA, and one that is revoked while it waits', async () => {
  const place = usePlace();
  const [om, send, worker] = await Promise.all([useClient(place), useSender(place), useWorker(place)]);
  const { path, lines } = useTrace();
  const call = { taskName: note.name, kwargs: { path, text: 'x' } };
  const expiring = om.runtime.result(await send({ ...call, eta: after(60), expires: after(2) }));
  const revoked = om.runtime.result(await send({ ...call, eta: after(3) }));
  await untilSettled(worker, place, 'ack', 2);
  await revoked.revoke();
  // At once, and not at its ETA.
  await until(async () => (await revoked.state()) === 'REVOKED', 2_500);
  await expect(expiring.get({ timeout: 10_000 })).rejects.toThrow(/TaskRevokedError: expired/);
  await untilSettled(worker, place, 'ack', 4);
  expect(lines()).toEqual([]);
});

it('waits no longer for an ETA by another clock when it has come through the delay queues', async () => {
  const place = usePlace();
  const [om, transport] = await Promise.all([useClient(place), useTransport(place.broker), useWorker(place)]);
  const [taskId, begun] = [randomUUID(), Date.now()];
  // The clock of its sender is an hour ahead.
  const [theirs, eta] = [after(3_600), after(3_602)];
  const task = { taskId, taskName: add.name, args: [], kwargs: { x: 1, y: 2 } };
  await transport.declareDelayed(place.queue);
  await transport.publish(
    delayUntil(encodeTask({ ...task, queue: place.queue, replyTo: '', eta }), eta, theirs),
  );
  expect(await om.runtime.result(taskId).get({ timeout: 10_000 })).toBe(3);
  expect(Date.now() - begun).toBeGreaterThan(1_900);
});
