import { expect, it } from 'vitest';
import type { Backends } from '../../../src/backend/backends.ts';
import type { JsonText, TaskId } from '../../../src/contract/job.ts';
import type { Publication } from '../../../src/contract/transport.ts';
import { progressResult, successResult } from '../../../src/protocol/result.ts';
import { createWatches, withWatches } from '../../../src/worker/watches.ts';

const address = {
  taskId: 'a' as TaskId,
  groupId: null,
  parentId: null,
  replyTo: 'sender',
  correlationId: 'other',
};
const success = successResult(address, '1' as JsonText);

function workerWithWatches() {
  const outbox: Publication[] = [];
  const watches = createWatches();
  const store = async () => undefined;
  const publisher = { publish: async (publication: Publication) => void outbox.push(publication) };
  return { outbox, watches, backend: withWatches({ store } as unknown as Backends, watches, publisher) };
}

it('sends each state to whoever watches the task, but not twice to the one who sent it', async () => {
  const { outbox, watches, backend } = workerWithWatches();
  for (const client of ['one', 'two', 'sender']) watches.add('a', client);
  await backend.store(progressResult(address, 'STARTED', {}));
  await backend.store(success);
  await backend.store(success);
  expect(outbox.map(({ routingKey }) => routingKey)).toEqual(['one', 'two', 'one', 'two']);
  expect(outbox.map(({ properties }) => properties.correlationId)).toEqual(['a', 'a', 'a', 'a']);
});

it('sends nothing of tasks that nobody watches', async () => {
  const { outbox, watches, backend } = workerWithWatches();
  watches.add('b', 'one');
  await backend.store(success);
  expect(outbox).toEqual([]);
});

it('forgets a watch after an hour', () => {
  let now = 0;
  const watches = createWatches(() => now);
  watches.add('a', 'one');
  now = 3_600_001;
  expect([...watches.of('a')]).toEqual([]);
});

it('remembers no more than clients may make it remember', () => {
  const watches = createWatches();
  for (let i = 0; i <= 10_000; i += 1) watches.add(`t${i}`, 'one');
  expect([...watches.of('t0')]).toEqual([]);
  expect([...watches.of('t1')]).toEqual(['one']);
  for (let i = 0; i < 100; i += 1) watches.add('t1', `client${i}`);
  expect([...watches.of('t1')]).toHaveLength(16);
  watches.add('x'.repeat(300), 'one');
  watches.add('t2', '');
  expect([...watches.of('x'.repeat(300))]).toEqual([]);
  expect([...watches.of('t2')]).toEqual(['one']);
});
