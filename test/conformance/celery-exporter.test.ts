/** The celery-exporter of PyPI beside our worker: what it has for Prometheus is what the worker has. */
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/omega.ts';
import { again } from '../support/execution-tasks.ts';
import { readMetrics, sumOf, useExporter } from '../support/exporter.ts';
import { type TestWorker, usePlace, useTrace, useWorker } from '../support/worker.ts';

const TASKS = fileURLToPath(new URL('../../dist/test/support/execution-tasks.js', import.meta.url));

/** How often something happened. */
type Counts = Readonly<Record<string, number>>;

const EVENTS = ['received', 'started', 'succeeded', 'failed', 'retried', 'revoked', 'rejected'];

async function countedByExporter(url: string, hostname: string): Promise<Counts> {
  const text = await readMetrics(url);
  const counts = EVENTS.map((event) => [event, sumOf(text, `celery_task_${event}_total`, { hostname })]);
  const runs = sumOf(text, 'celery_task_runtime_count', { hostname });
  return { ...Object.fromEntries(counts), runs };
}

async function countedByWorker({ url }: TestWorker): Promise<Counts> {
  const text = await readMetrics(url);
  const counted = (labels: Readonly<Record<string, string>>) => sumOf(text, 'omega_tasks_total', labels);
  const counts = EVENTS.map((event) => [event, counted({ event })]);
  // As in Celery, of what is revoked when it comes, or unknown, only that is told.
  const untold = counted({ event: 'received', task: 'unregistered' }) + counted({ event: 'revoked' });
  return { ...Object.fromEntries(counts), received: counted({ event: 'received' }) - untold };
}

it('counts what the worker counts', { timeout: 120_000 }, async () => {
  const place = usePlace();
  const trace = useTrace();
  const { url, exporter } = await useExporter(place);
  // The exporter's label is what comes after the @.
  const hostname = place.queue;
  const node = `exported@${hostname}`;
  const [om, worker] = await Promise.all([
    connect({ mongoUrl: place.mongoUrl, broker: place.broker, queues: place.queue, sentEvents: true }),
    useWorker(place, [TASKS, '--heartbeat-interval', '0.5', '-n', node]),
  ]);
  onTestFinished(() => om.close());
  const isUp = async () => sumOf(await readMetrics(url), 'celery_worker_up', { hostname });
  await expect.poll(isUp, { timeout: 60_000, interval: 500 }).toBe(1);
  // The worker was started without -E.
  await om.runtime.control.tell({ destination: [node] }).enableEvents();

  const added = Array.from({ length: 190 }, (_, x) => om.runtime.send('test.add', [], { x, y: 1 }));
  const failed = Array.from({ length: 7 }, () => om.runtime.send('test.add', [], { x: 'no number', y: 1 }));
  const unknown = om.runtime.send('test.nosuch');
  const revoked = om.runtime.send('test.add', [], { x: 1, y: 1 }, { countdown: 2 });
  const retried = om.runtime.task(again)({ path: trace.path, times: 1, countdown: 0 });
  await revoked.sent;
  await revoked.revoke();
  await Promise.allSettled([...added, ...failed, unknown, revoked, retried]);

  const expected = { succeeded: 191, failed: 8, retried: 1, revoked: 1, rejected: 0 };
  await expect
    .poll(() => countedByExporter(url, hostname), { timeout: 20_000, interval: 500 })
    .toMatchObject({ ...expected, runs: 191 });
  const { runs: _, ...counted } = await countedByExporter(url, hostname);
  expect(counted).toEqual(await countedByWorker(worker));
  const text = await readMetrics(url);
  expect(sumOf(text, 'celery_task_sent_total', { queue_name: place.queue })).toBe(200);
  expect(sumOf(text, 'celery_active_worker_count', { queue_name: place.queue })).toBe(1);
  expect(sumOf(text, 'celery_active_process_count', { queue_name: place.queue })).toBe(2);
  expect(sumOf(text, 'celery_task_failed_total', { hostname, exception: 'TypeError' })).toBe(7);
  expect(sumOf(text, 'celery_task_failed_total', { hostname, exception: 'NotRegistered' })).toBe(1);

  await worker.stop();
  await expect.poll(isUp, { timeout: 20_000, interval: 500 }).toBe(0);
  expect(exporter.lines.filter((line) => /exception|Traceback/.test(line))).toEqual([]);
  expect(exporter.process.exitCode).toBeNull();
});
