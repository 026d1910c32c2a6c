import { expect, it, onTestFinished } from 'vitest';
import { openRevocations } from '../../src/ledger/revoked.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { until } from '../support/broker-harness.ts';
import { untilSettled, useSender } from '../support/sender.ts';
import { note } from '../support/tasks.ts';
import { type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

async function useRevocations({ mongoUrl }: Place) {
  const mongo = await connectMongo(mongoUrl);
  onTestFinished(() => mongo.close());
  return await openRevocations(mongo);
}

it('does not run a task that was revoked before every worker was started anew', async () => {
  const place = usePlace();
  const [om, send, first] = await Promise.all([useClient(place), useSender(place), useWorker(place)]);
  const revocations = await useRevocations(place);
  const { path, lines } = useTrace();
  const eta = new Date(Date.now() + 4_000);
  const call = { taskName: note.name, kwargs: { path, text: 'x' }, ignoreResult: true };
  const id = await send({ ...call, eta });
  await untilSettled(first, place, 'ack', 1);
  await om.runtime.result(id).revoke();
  await until(async () => (await revocations.recent(10)).length === 1);
  expect(await first.stop()).toBe(0);

  const second = await useWorker(place);
  await untilSettled(second, place, 'ack', 1);
  expect(lines()).toEqual([]);
});

it('does not run a task with a revoked stamp', async () => {
  const place = usePlace();
  const [om, send] = await Promise.all([useClient(place), useSender(place)]);
  const revocations = await useRevocations(place);
  await revocations.add([{ kind: 'stamp', name: 'customer', value: '7' }]);
  await useWorker(place);
  const { path, lines } = useTrace();
  const call = { taskName: note.name, kwargs: { path, text: 'runs' } };
  const revoked = await send({ ...call, stamps: { customer: '7' } });
  const other = await send({ ...call, stamps: { customer: '8' } });
  await expect(om.runtime.result(revoked).get({ timeout: 10_000 })).rejects.toThrow(/TaskRevokedError/);
  expect(await om.runtime.result(other).get({ timeout: 10_000 })).toBe('runs');
  expect(lines()).toEqual(['runs']);
});
