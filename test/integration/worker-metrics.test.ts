/** What a worker shows of itself to Prometheus. */
import { expect, it } from 'vitest';
import { until, useProxy } from '../support/broker-harness.ts';
import { useControl } from '../support/control.ts';
import { brokerUrl } from '../support/services.ts';
import { note } from '../support/tasks.ts';
import {
  metric,
  type Place,
  type TestWorker,
  useClient,
  usePlace,
  useTrace,
  useWorker,
} from '../support/worker.ts';

const OLDEST_TASK = 'omega_worker_oldest_active_task_age_seconds';
const oldestDelivery = ({ queue }: Place) =>
  `omega_worker_oldest_unacked_message_age_seconds{queue="${queue}"}`;

it('a task that runs shows its age, and that its delivery is not acknowledged; then neither', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, ['--time-limit', '60'])]);
  expect(await metric(worker, 'omega_worker_task_time_limit_seconds')).toBe(60);
  const handle = om.runtime.task(note)({ path: useTrace().path, text: 'run', seconds: 2 });
  await until(async () => (await metric(worker, OLDEST_TASK)) > 0.5);
  expect(await metric(worker, oldestDelivery(place))).toBeGreaterThan(0.5);
  await handle;
  await until(async () => (await metric(worker, oldestDelivery(place))) === 0);
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
  expect(await metric(worker, 'omega_worker_state{state="running"}')).toBe(1);
  worker.process.kill('SIGTERM');
  await until(async () => (await metric(worker, 'omega_worker_state{state="draining"}')) === 1);
  expect(await metric(worker, 'omega_worker_state{state="running"}')).toBe(0);
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

it('shows what the worker may take, and that its servers are there', async () => {
  const worker = await useWorker(usePlace());
  const text = await (await fetch(`${worker.url}/metrics`)).text();
  expect(text).toMatch(/omega_worker_info\{.*celery_protocol="2"\} 1/);
  expect(await metric(worker, 'omega_worker_prefetch_limit')).toBe(2);
  expect(await metric(worker, 'omega_worker_memory_limit_bytes')).toBeGreaterThan(2 ** 27);
  expect(await metric(worker, 'omega_worker_cpu_limit_cores')).toBeGreaterThan(0);
  expect(await metric(worker, 'omega_executors{state="idle"}')).toBe(1);
  expect(await metric(worker, 'omega_executor_utilization_ratio')).toBe(0);
  expect(await metric(worker, 'omega_broker_blocked')).toBe(0);
  expect(await metric(worker, 'omega_broker_reconnects_total{connection="consume"}')).toBe(0);
  expect(await metric(worker, 'omega_mongodb_pool_connections{state="available"}')).toBeGreaterThan(0);
  expect(await metric(worker, 'omega_events_published_total{type="worker-online"}')).toBe(1);
  const age = Date.now() / 1000 - (await metric(worker, 'omega_worker_last_heartbeat_timestamp_seconds'));
  expect(Math.abs(age)).toBeLessThan(10);
});

it('counts the commands of remote control; names that are none count together', async () => {
  const place = usePlace();
  const worker = await useWorker(place);
  const { om, node } = await useControl(place);
  const destination = [node];
  await om.runtime.control.broadcast('report', {}, { destination });
  await om.runtime.control.broadcast('no_such_command', {}, { destination });
  const commands = (name: string) => metric(worker, `omega_control_commands_total{command="${name}"}`);
  expect([await commands('report'), await commands('unknown')]).toEqual([1, 1]);
});

it('counts messages that cannot run by why, and executors that are replaced for having run enough', async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([
    useClient(place),
    useWorker(place, ['--max-tasks-per-child', '1']),
  ]);
  await expect(om.runtime.send('test.nowhere', [], {}, { queue: place.queue }).get()).rejects.toThrow(
    /not registered/,
  );
  const dead = `omega_task_dead_letters_total{queue="${place.queue}",reason="unregistered"}`;
  await until(async () => (await metric(worker, dead)) === 1);
  await om.runtime.task(note)({ path: useTrace().path, text: 'run' });
  await until(async () => (await metric(worker, 'omega_executor_restarts_total{reason="spent"}')) === 1);
});

it('connections that are lost and found again are counted', async () => {
  const place = usePlace();
  const proxy = await useProxy();
  const worker = await useWorker({ ...place, broker: proxy.url(brokerUrl()) });
  proxy.cut();
  const restored = (name: string) => metric(worker, `omega_broker_reconnects_total{connection="${name}"}`);
  await until(async () => (await restored('publish')) === 1 && (await restored('consume')) === 1);
  expect(await metric(worker, 'omega_broker_connected')).toBe(1);
});

it('/livez fails when the heartbeat has ended: only a new worker has one again', async () => {
  const preload = new URL('../support/stop-heartbeat.mjs', import.meta.url);
  const flags = ['--heartbeat-interval', '0.3'];
  const worker = await useWorker(usePlace(), flags, ['--import', preload.href]);
  const livez = async () => await fetch(`${worker.url}/livez`);
  expect((await livez()).status).toBe(200);
  await until(async () => (await livez()).status === 503);
  expect(await (await livez()).text()).toBe('the heartbeat has ended\n');
  expect((await fetch(`${worker.url}/readyz`)).status).toBe(200);
});

it('/livez?deep=1 asks the worker itself over the broker, and fails while that is away', async () => {
  const proxy = await useProxy();
  const worker = await useWorker({ ...usePlace(), broker: proxy.url(brokerUrl()) });
  await until(async () => (await deepLiveness(worker)) === '200 ok');
  expect(await metric(worker, 'omega_control_commands_total{command="ping"}')).toBeGreaterThan(0);
  await proxy.refuse();
  const answers = await Promise.all([deepLiveness(worker), deepLiveness(worker)]);
  expect(answers).toEqual([UNHEARD, UNHEARD]);
  expect((await fetch(`${worker.url}/livez`)).status).toBe(200);

  await proxy.accept();
  await until(async () => (await deepLiveness(worker)) === '200 ok', 15_000);
}, 40_000);

it('/livez?deep=1 fails while the broker is silent, and the connections to it are not closed yet', async () => {
  const proxy = await useProxy();
  const worker = await useWorker({ ...usePlace(), broker: proxy.url(brokerUrl()) });
  proxy.hold();
  expect(await deepLiveness(worker)).toBe(UNHEARD);
  await proxy.refuse();
});

it('/livez?deep=1 fails without remote control, which nobody could ask', async () => {
  const worker = await useWorker(usePlace(), ['--remote-control', 'off']);
  expect(await deepLiveness(worker)).toBe('503 remote control is off');
  expect((await fetch(`${worker.url}/livez?deep=0`)).status).toBe(200);
});

const UNHEARD = '503 no answer to a ping over the broker within 3 s';

async function deepLiveness({ url }: TestWorker): Promise<string> {
  const response = await fetch(`${url}/livez?deep=1`);
  return `${response.status} ${(await response.text()).trim()}`;
}
