/** `/metrics/celery` beside a real celery-exporter and a real Flower: who changes from them to it sees the same numbers. */
import { expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/omega.ts';
import { readMetrics, sumOf, useExporter } from '../support/exporter.ts';
import { startFlower } from '../support/flower.ts';
import { usePlace, useWorker } from '../support/worker.ts';

const [SUCCEEDING, FAILING] = [950, 50];
const EXPECTED = {
  ...{
    received: SUCCEEDING + FAILING,
    started: SUCCEEDING + FAILING,
    succeeded: SUCCEEDING,
    failed: FAILING,
  },
  ...{ retried: 0, revoked: 0, rejected: 0 },
};

type Counts = Readonly<Record<string, number>>;

function countsOf(count: (event: string) => number): Counts {
  return Object.fromEntries(Object.keys(EXPECTED).map((event) => [event, count(event)]));
}

it('of 1,000 tasks celery-exporter, Flower and the worker count the same', { timeout: 180_000 }, async () => {
  const place = { ...usePlace(), environment: { OMEGA_METRICS_CELERY: 'true' } };
  const hostname = place.queue;
  const node = `counted@${hostname}`;
  const [{ url }, flower, om, worker] = await Promise.all([
    useExporter(place),
    startFlower(place.broker),
    connect({ mongoUrl: place.mongoUrl, broker: place.broker, queues: place.queue, sentEvents: true }),
    useWorker(place, ['--heartbeat-interval', '0.5', '-n', node]),
  ]);
  onTestFinished(() => om.close());
  const exporter = async () => await readMetrics(url);
  const flowers = async () => await readMetrics(flower.url);
  const poll = { timeout: 60_000, interval: 500 };
  await expect.poll(async () => sumOf(await exporter(), 'celery_worker_up', { hostname }), poll).toBe(1);
  await expect
    .poll(async () => sumOf(await flowers(), 'flower_worker_online', { worker: node }), poll)
    .toBe(1);
  await om.runtime.control.tell({ destination: [node] }).enableEvents();

  const x = (n: number) => (n < SUCCEEDING ? n : 'no number');
  const sent = Array.from({ length: SUCCEEDING + FAILING }, (_, n) =>
    om.runtime.send('test.add', [], { x: x(n), y: 1 }),
  );
  await Promise.allSettled(sent);

  const ofCelery = (text: string) =>
    countsOf((event) => sumOf(text, `celery_task_${event}_total`, { hostname }));
  const ofFlower = (text: string) =>
    countsOf((event) => sumOf(text, 'flower_events_total', { worker: node, type: `task-${event}` }));
  await expect.poll(async () => ofCelery(await exporter()), poll).toEqual(EXPECTED);
  await expect.poll(async () => ofFlower(await flowers()), poll).toEqual(EXPECTED);
  const [own, theirs] = [await readMetrics(worker.url, '/metrics/celery'), await exporter()];
  expect(ofCelery(own)).toEqual(EXPECTED);
  const native = await readMetrics(worker.url);
  expect(countsOf((event) => sumOf(native, 'omega_tasks_total', { event }))).toEqual(EXPECTED);

  // The exporter itself does not know the names of tasks whose end it has heard before their beginning.
  const runs = (text: string) => sumOf(text, 'celery_task_runtime_count', { hostname });
  expect(runs(own)).toBe(runs(theirs));
  const failed = (text: string) =>
    sumOf(text, 'celery_task_failed_total', { hostname, exception: 'TypeError' });
  expect(failed(own)).toBe(failed(theirs));
  const labels = { name: 'test.add', hostname, queue_name: place.queue };
  expect(sumOf(own, 'celery_task_queue_wait_time_count', labels)).toBe(SUCCEEDING + FAILING);
  expect(sumOf(own, 'celery_worker_up', { hostname })).toBe(1);
});

it('/metrics/celery is off unless it is asked for', async () => {
  const worker = await useWorker(usePlace());
  expect((await fetch(`${worker.url}/metrics/celery`)).status).toBe(404);
});
