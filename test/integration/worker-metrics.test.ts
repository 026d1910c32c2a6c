/** What a worker shows of itself to Prometheus. */
import { expect, it } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { note } from '../support/tasks.ts';
import { metric, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const OLDEST_TASK = 'omega_worker_oldest_active_task_age_seconds';
const OLDEST_DELIVERY = 'omega_worker_oldest_unacked_message_age_seconds';

it('a task that runs shows its age, and that its delivery is not acknowledged; then neither', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, ['--time-limit', '60'])]);
  expect(await metric(worker, 'omega_worker_task_time_limit_seconds')).toBe(60);
  const handle = om.runtime.task(note)({ path: useTrace().path, text: 'run', seconds: 2 });
  await until(async () => (await metric(worker, OLDEST_TASK)) > 0.5);
  expect(await metric(worker, OLDEST_DELIVERY)).toBeGreaterThan(0.5);
  await handle;
  await until(async () => (await metric(worker, OLDEST_DELIVERY)) === 0);
  expect(await metric(worker, OLDEST_TASK)).toBe(0);
});

it('what may be counted is there before the first task', async () => {
  const place = usePlace();
  const worker = await useWorker(place);
  const text = await (await fetch(`${worker.url}/metrics`)).text();
  const labels = `task="omegaml.tasks.omega_fit",queue="${place.queue}"`;
  expect(text).toContain(`omega_tasks_total{${labels},event="failed"} 0`);
  expect(text).toContain(`omega_task_redeliveries_total{${labels}} 0`);
  expect(text).toContain('omega_executor_restarts_total{reason="crash"} 0');
});

it('a worker that stops, and waits for what runs, says so', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const handle = om.runtime.task(note)({ path: useTrace().path, text: 'run', seconds: 3 });
  await until(async () => (await metric(worker, 'omega_worker_active_tasks')) === 1);
  expect(await metric(worker, 'omega_worker_draining')).toBe(0);
  worker.process.kill('SIGTERM');
  await until(async () => (await metric(worker, 'omega_worker_draining')) === 1);
  await handle;
});

it('how long a task has waited is told by queue: from its sending, or its ETA, to its start', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, ['--concurrency', '1'])]);
  const task = om.runtime.task(note);
  const { path } = useTrace();
  await om.runtime.send(
    note.name,
    [],
    { path, text: 'later', seconds: 0 },
    { queue: place.queue, countdown: 2 },
  );
  const waited = async () =>
    await metric(worker, `omega_task_queue_wait_seconds_sum{queue="${place.queue}"}`);
  expect(await waited()).toBeLessThan(1);
  await Promise.all([task({ path, text: 'first', seconds: 2 }), task({ path, text: 'second', seconds: 0 })]);
  expect(await waited()).toBeGreaterThan(1.5);
  expect(await metric(worker, `omega_task_queue_wait_seconds_count{queue="${place.queue}"}`)).toBe(3);
});
