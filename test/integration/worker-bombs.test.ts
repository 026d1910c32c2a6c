import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { SignatureFields } from '../../src/contract/signature.ts';
import type { Omega } from '../../src/omega.ts';
import { malformed } from '../fixtures/malformed/message.ts';
import { useOperator } from '../support/broker-harness.ts';
import { canvasBombs, sig } from '../support/canvas-bombs.ts';
import { useMessageSender } from '../support/message-sender.ts';
import { type Place, useClient, usePlace, useWorker } from '../support/worker.ts';

const TIMEOUT = { timeout: 30_000 };

interface Bomb {
  readonly name: string;
  readonly id: string;
}

/** Sends a task for each of the signatures, which is to come after it. */
async function sendAll(
  place: Place,
  bombs: readonly (readonly [string, SignatureFields])[],
  how: 'callbacks' | 'errbacks' = 'callbacks',
): Promise<Bomb[]> {
  const sender = await useMessageSender(place.broker);
  const messages = bombs.map(([name, signature]) => {
    const body = JSON.stringify([[1, 2], {}, { [how]: [signature] }]);
    return malformed(name, body, { headers: { task: 'test.plus' } });
  });
  await sender.sendAll(place.queue, messages);
  return messages.map(({ name, taskId }) => ({ name, id: taskId ?? '' }));
}

const endOf = (om: Omega, id: string) => om.runtime.result(id).get(TIMEOUT).then(String, String);

it('a task whose callback grows beyond measure fails, and the worker goes on', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const bombs = await sendAll(place, canvasBombs());
  for (const { name, id } of bombs) {
    expect(`${name}: ${await endOf(om, id)}`).toMatch(/: TaskFailed: TypeError: .*(canvas|a chain of more)/);
  }
  expect(await om.runtime.send('test.echo', [], { value: 'still here' }).get(TIMEOUT)).toBe('still here');
  expect(worker.lines.filter(({ msg }) => String(msg).includes('connection to the broker'))).toEqual([]);
}, 180_000);

it('with a list of queues, what comes after a task goes to no other queue, and none is made', async () => {
  vi.stubEnv('OMEGA_CREATE_MISSING_QUEUES', 'off');
  const place = usePlace();
  const elsewhere = `elsewhere-${randomUUID()}`;
  const [operator, worker] = [await useOperator(), await useWorker(place)];
  onTestFinished(() => operator.deleteQueue(elsewhere).then(() => undefined));
  vi.stubEnv('OMEGA_CREATE_MISSING_QUEUES', 'on');
  const om = await useClient(place);
  const [refused, run] = await sendAll(place, [
    ['elsewhere', sig('test.echo', { queue: elsewhere })],
    ['here', { ...sig('test.echo', { queue: place.queue }), kwargs: { value: 1 }, immutable: true }],
  ]);
  expect(await endOf(om, refused?.id ?? '')).toMatch(/queue 'elsewhere-.*settings do not name/);
  expect(await endOf(om, run?.id ?? '')).toBe('3');
  expect(await operator.ready(elsewhere)).toBeNull();
  expect(worker.process.exitCode).toBeNull();
}, 60_000);
