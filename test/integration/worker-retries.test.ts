import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { again, forgotten, ignore, reject } from '../support/execution-tasks.ts';
import { EXECUTION_TASKS, untilSettled, useSender } from '../support/sender.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

it('runs a task again under its id, with the input that it asks for, and shows RETRY in between', async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [EXECUTION_TASKS])]);
  const { path, lines } = useTrace();
  const handle = om.runtime.task(again)({ path, times: 2, countdown: 1.5 });
  await until(async () => (await handle.state()) === 'RETRY');
  expect(await handle.get({ timeout: 20_000 })).toBe('done');
  // Retries, what the run before passed on, and whether the task is its own parent, as in Celery.
  expect(lines()).toEqual(['0 0 false', '1 10 true', '2 20 true']);
});

it('does not run a copy of a delivery whose retry was sent', async () => {
  const place = usePlace();
  const [send, worker] = await Promise.all([useSender(place), useWorker(place, [EXECUTION_TASKS])]);
  const { path, lines } = useTrace();
  const call = {
    taskId: randomUUID(),
    taskName: again.name,
    kwargs: { path, times: 1, countdown: 0 },
    ignoreResult: true,
  };
  await send(call);
  await untilSettled(worker, place, 'ack', 2);
  await send({ ...call, headers: { 'x-omega-copy': true } });
  await untilSettled(worker, place, 'ack', 3);
  expect(lines()).toHaveLength(2);
});

it('acknowledges an ignored task, and stores nothing of it', async () => {
  const place = usePlace();
  const [om, send] = await Promise.all([useClient(place), useSender(place)]);
  const worker = await useWorker(place, [EXECUTION_TASKS]);
  const id = await send({ taskName: ignore.name });
  await untilSettled(worker, place, 'ack', 1);
  expect(await om.runtime.result(id).state()).toBe('PENDING');
});

it('fails a rejected task, and runs one again that goes back to its queue', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, [EXECUTION_TASKS])]);
  const [first, second] = [useTrace(), useTrace()];
  const rejected = om.runtime.task(reject)({ path: first.path, requeue: false });
  await expect(rejected.get({ timeout: 10_000 })).rejects.toThrow(/Reject/);
  await untilSettled(worker, place, 'reject', 1);
  expect(first.lines()).toHaveLength(1);

  const requeued = om.runtime.task(reject)({ path: second.path, requeue: true });
  expect(await requeued.get({ timeout: 10_000 })).toBe('the second time');
  await untilSettled(worker, place, 'requeue', 1);
  expect(second.lines()).toHaveLength(2);
});

it('keeps no result of a task that is defined so, unless its message says otherwise', async () => {
  const place = usePlace();
  const [om, send] = await Promise.all([useClient(place), useSender(place)]);
  const worker = await useWorker(place, [EXECUTION_TASKS]);
  const { path } = useTrace();
  const silent = await send({ taskName: forgotten.name, kwargs: { path }, ignoreResult: null });
  const asked = await send({ taskName: forgotten.name, kwargs: { path }, ignoreResult: false });
  await untilSettled(worker, place, 'ack', 2);
  expect(await om.runtime.result(silent).state()).toBe('PENDING');
  expect(await om.runtime.result(asked).state()).toBe('SUCCESS');
});
