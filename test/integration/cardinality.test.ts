/** Whatever clients send and tasks throw, a worker shows few series: Prometheus keeps each for as long as it keeps anything. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { encodeTask } from '../../src/protocol/task-message.ts';
import { deleteAfterwards, useOperator } from '../support/broker-harness.ts';
import { useControl } from '../support/control.ts';
import { blame } from '../support/tasks.ts';
import { usePlace, useWorker } from '../support/worker.ts';

const QUEUES = 100;
const MESSAGES_PER_QUEUE = 100;
const MAX_SERIES = 2_000;

it('10,000 random task names, queues and exceptions leave at most 2,000 series', async () => {
  const place = usePlace();
  const worker = await useWorker(place);
  const { om, node } = await useControl(place);
  const queues = Array.from({ length: QUEUES }, () => `${place.queue}-${randomUUID()}`);
  deleteAfterwards(...queues, ...queues.map((queue) => `${queue}.dead`));
  for (const queue of queues) {
    await om.runtime.control.broadcast('add_consumer', { queue }, { destination: [node] });
  }
  const operator = await useOperator();
  for (const queue of queues) await operator.publish(queue, randomCalls(queue));

  const scrape = async () => await (await fetch(`${worker.url}/metrics`)).text();
  const failed = (text: string) =>
    [...text.matchAll(/^omega_tasks_total{.*event="failed"} (\d+)$/gm)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
  await expect
    .poll(async () => failed(await scrape()), { timeout: 400_000, interval: 2_000 })
    .toBe(QUEUES * MESSAGES_PER_QUEUE);
  const text = await scrape();
  expect(text).toContain('task="unregistered"');
  expect(text).toContain('exception="other"');
  expect(text).toContain('queue="other"');
  expect(text.split('\n').filter((line) => line && !line.startsWith('#')).length).toBeLessThanOrEqual(
    MAX_SERIES,
  );
}, 500_000);

/** Every other one runs, and throws something; nobody knows the rest. */
function* randomCalls(queue: string) {
  for (let n = 0; n < MESSAGES_PER_QUEUE; n += 1) {
    const random = randomUUID();
    const what =
      n % 2 === 0
        ? { taskName: random, kwargs: {} }
        : { taskName: blame.name, kwargs: { exception: `E${random.replaceAll('-', '')}` } };
    yield encodeTask({ ...what, taskId: random, args: [], queue, replyTo: '', ignoreResult: true });
  }
}
