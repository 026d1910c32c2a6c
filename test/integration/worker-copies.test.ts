import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { openLedger } from '../../src/ledger/ledger.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { encodeTask } from '../../src/protocol/task-message.ts';
import { until, useTransport } from '../support/broker-harness.ts';
import { untilSettled } from '../support/sender.ts';
import { note } from '../support/tasks.ts';
import { metric, type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

/** A message as it is when it is published for the second time. */
function copyOf(
  place: Place,
  taskId: string,
  kwargs: Readonly<Record<string, unknown>>,
  ignoreResult = false,
) {
  const call = { taskId, taskName: note.name, args: [], kwargs, queue: place.queue, replyTo: 'nobody' };
  return encodeTask({ ...call, origin: 'test', ignoreResult, headers: { 'x-omega-copy': true } });
}

it('a copy of a task that has ended is acknowledged and not run', async () => {
  const place = usePlace();
  const [om, worker, sender] = await Promise.all([
    useClient(place),
    useWorker(place),
    useTransport(place.broker),
  ]);
  const trace = useTrace();
  const input = { path: trace.path, text: 'run', seconds: 0 };
  const handle = om.runtime.task(note)(input);
  await handle;
  await sender.publish(copyOf(place, handle.id, input));
  await untilSettled(worker, place, 'ack', 2);
  expect(trace.lines()).toEqual(['run']);
});

it('a copy of a task that runs waits for it and is not run', async () => {
  const place = usePlace();
  const [om, worker, sender] = await Promise.all([
    useClient(place),
    useWorker(place),
    useTransport(place.broker),
  ]);
  const trace = useTrace();
  const input = { path: trace.path, text: 'run', seconds: 1 };
  const handle = om.runtime.task(note)(input);
  await until(async () => (await metric(worker, 'omega_worker_active_tasks')) === 1);
  await sender.publish(copyOf(place, handle.id, input));
  await handle;
  await untilSettled(worker, place, 'ack', 2);
  expect(trace.lines()).toEqual(['run']);
});

it('a copy of a task that stored no result is not run when the ledger knows its end', async () => {
  const place = usePlace();
  const mongo = await connectMongo(place.mongoUrl);
  onTestFinished(() => mongo.close());
  const taskId = randomUUID();
  await (await openLedger(mongo)).recordDone({ taskId, retries: 0, replacedNesting: 0 });
  const [worker, sender] = await Promise.all([useWorker(place), useTransport(place.broker)]);
  const trace = useTrace();
  await sender.publish(copyOf(place, taskId, { path: trace.path, text: 'run' }, true));
  await untilSettled(worker, place, 'ack', 1);
  expect(trace.lines()).toEqual([]);
});

it('a task that waits and is revoked is not run', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, ['-c', '1'])]);
  const trace = useTrace();
  const submit = (text: string) => om.runtime.task(note)({ path: trace.path, text, seconds: 1.5 });
  const [running, waiting] = [submit('a'), submit('b')];
  await until(async () => (await metric(worker, 'omega_worker_active_tasks')) === 1);
  await waiting.revoke();
  await expect(waiting.get({ timeout: 10_000 })).rejects.toThrow(/TaskRevokedError/);
  await running;
  expect(trace.lines()).toEqual(['a']);
});
