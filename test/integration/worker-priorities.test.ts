import { expect, it, vi } from 'vitest';
import { useOperator } from '../support/broker-harness.ts';
import { useSender } from '../support/sender.ts';
import { note } from '../support/tasks.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

it('runs the tasks of the highest priority first in a queue of a worker that sets one', async () => {
  vi.stubEnv('OMEGA_QUEUE_MAX_PRIORITY', '10');
  const place = usePlace();
  const [om, operator] = [await useClient(place), await useOperator()];
  await operator.declareQueue(place.queue, { durable: true, maxPriority: 10 });
  const send = await useSender(place);
  const { path, lines } = useTrace();
  const priorities = [0, 9, 3, 10, 1, 5];
  const ids: string[] = [];
  for (const priority of priorities) {
    ids.push(await send({ taskName: note.name, kwargs: { path, text: `${priority}` }, priority }));
  }
  await useWorker(place, ['-c', '1']);
  await Promise.all(ids.map((id) => om.runtime.result(id).get({ timeout: 10_000 })));
  expect(lines()).toEqual(['10', '9', '5', '3', '1', '0']);
});

it('declares the queues that it makes with the highest priority of its settings', async () => {
  vi.stubEnv('OMEGA_QUEUE_MAX_PRIORITY', '10');
  const place = usePlace();
  const operator = await useOperator();
  await useWorker(place);
  // Other arguments than those it has would be refused (406).
  await operator.declareQueue(place.queue, { durable: true, maxPriority: 10 });
});
