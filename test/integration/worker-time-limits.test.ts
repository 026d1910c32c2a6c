import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { add, spin } from '../support/tasks.ts';
import { isAlive, metric, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const endless = readFileSync(new URL('../fixtures/onnx/endless.onnx', import.meta.url));
/** The limit, and the two seconds within which the failure must be there. */
const LIMIT = { timeLimit: 2, softTimeLimit: 60 };
const DEADLINE_MS = 4_000;

const timeouts = (kind: string) => `omega_task_timeouts_total{task="${spin.name}",kind="${kind}"}`;

it('ends endless JavaScript at its hard limit, does not run it again, and goes on', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  await om.runtime.task(add)({ x: 1, y: 1 });
  const trace = useTrace();
  const handle = om.runtime.task(spin)({ path: trace.path }, LIMIT);
  await expect(handle.get({ timeout: DEADLINE_MS })).rejects.toThrow(/TimeLimitExceeded/);
  expect(await om.runtime.task(add)({ x: 1, y: 2 })).toBe(3);
  expect(trace.lines()).toHaveLength(1);
  expect(worker.process.exitCode).toBeNull();
  await until(async () => (await metric(worker, timeouts('hard'))) === 1);
});

it('ends an endless ONNX run at its hard limit and goes on', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  await om.models.put(endless, 'endless.onnx');
  await om.datasets.put([{ a: 1, b: 2 }], 'rows');
  await om.runtime.task(add)({ x: 1, y: 1 });
  const handle = om.runtime.model('endless.onnx', LIMIT).predict('rows');
  const neighbour = om.runtime.task(add)({ x: 2, y: 2 });
  expect(await neighbour).toBe(4);
  await expect(handle.get({ timeout: DEADLINE_MS })).rejects.toThrow(/TimeLimitExceeded/);
  expect(await om.runtime.task(add)({ x: 1, y: 2 })).toBe(3);
  expect(worker.process.exitCode).toBeNull();
});

it('tells a task at its soft limit, and fails it when it does not listen', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const handle = om.runtime.task(spin)({ path: trace.path }, { timeLimit: 30, softTimeLimit: 1 });
  await expect(handle.get({ timeout: 10_000 })).rejects.toThrow(/SoftTimeLimitExceeded/);
  await until(async () => (await metric(worker, timeouts('soft'))) === 1);
});

it('a second after its task was ended a slot works again, and nothing of the task is left', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, ['-c', '1'])]);
  await om.runtime.task(add)({ x: 1, y: 1 });
  const before = worker.executorPids();
  const handle = om.runtime.task(spin)({ path: useTrace().path }, LIMIT);
  await expect(handle.get({ timeout: DEADLINE_MS })).rejects.toThrow(/TimeLimitExceeded/);
  // The second, and what a busy machine takes.
  expect(await om.runtime.task(add)({ x: 1, y: 2 }).get({ timeout: 3_000 })).toBe(3);
  const guardian = 1;
  expect(before.filter(isAlive)).toHaveLength(guardian);
});
