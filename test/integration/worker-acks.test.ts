import { expect, it } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { once, strict } from '../support/execution-tasks.ts';
import { EXECUTION_TASKS, untilSettled } from '../support/sender.ts';
import { add } from '../support/tasks.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

it('acknowledges a task that runs at most once when it starts, and fails it when its executor dies', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, [EXECUTION_TASKS])]);
  const { path, lines } = useTrace();
  const handle = om.runtime.task(once)({ path, seconds: 0 });
  await expect(handle.get({ timeout: 10_000 })).rejects.toThrow(/WorkerLostError.*not run again/);
  expect(lines()).toEqual(['run']);
  await untilSettled(worker, place, 'ack', 1);
});

it('does not run a task that runs at most once again after its worker was killed', async () => {
  const place = usePlace();
  const [om, first] = await Promise.all([useClient(place), useWorker(place, [EXECUTION_TASKS])]);
  const { path, lines } = useTrace();
  await om.runtime.task(once)({ path, seconds: 60 }).sent;
  await until(() => lines().length === 1);
  await untilSettled(first, place, 'ack', 1);
  first.process.kill('SIGKILL');
  await useWorker(place, [EXECUTION_TASKS]);
  // The queue is in order: had the task come back, it would have come before this one.
  expect(await om.runtime.task(add)({ x: 1, y: 2 })).toBe(3);
  expect(lines()).toEqual(['run']);
});

it('rejects a failed task, and gives back one that timed out, where they are not to be acknowledged', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, [EXECUTION_TASKS])]);
  const [failed, late] = [useTrace(), useTrace()];
  const failing = om.runtime.task(strict)({ path: failed.path, seconds: 0 });
  await expect(failing.get({ timeout: 10_000 })).rejects.toThrow(/as asked/);
  await untilSettled(worker, place, 'reject', 1);
  expect(failed.lines()).toEqual(['run']);

  const hanging = om.runtime.task(strict)({ path: late.path, seconds: 60 }, { timeLimit: 0.5 });
  await until(() => late.lines().length >= 2);
  await untilSettled(worker, place, 'requeue', 1);
  await hanging.revoke({ terminate: true });
  await expect(hanging.get({ timeout: 10_000 })).rejects.toThrow(/TaskRevokedError/);
});
