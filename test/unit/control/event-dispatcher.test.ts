import { expect, it } from 'vitest';
import type { Publication } from '../../../src/contract/transport.ts';
import { createClock } from '../../../src/control/clock.ts';
import { createEventDispatcher, type EventDispatcher } from '../../../src/control/event-dispatcher.ts';
import { decodeEvents } from '../../../src/protocol/event.ts';

/** A dispatcher whose broker confirms when told to. */
function createDispatcher(): {
  dispatcher: EventDispatcher;
  published: Publication[];
  settle(outcome: 'confirm' | 'fail'): Promise<void>;
} {
  const published: Publication[] = [];
  let open: { resolve(): void; reject(error: Error): void }[] = [];
  const publish = (publication: Publication): Promise<void> => {
    published.push(publication);
    return new Promise((resolve, reject) => open.push({ resolve, reject }));
  };
  const clock = createClock();
  return {
    dispatcher: createEventDispatcher({ publisher: { publish }, hostname: 'w@h', clock }),
    published,
    async settle(outcome) {
      for (const { resolve, reject } of open.splice(0)) {
        if (outcome === 'confirm') resolve();
        else reject(new Error('the broker is away'));
      }
      open = [];
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function events(published: readonly Publication[]): number {
  return published.reduce((sum, { body }) => sum + decodeEvents(body).length, 0);
}

it('sends nothing of tasks while task events are off', () => {
  const { dispatcher, published } = createDispatcher();
  dispatcher.sendTask('task-started', { uuid: 'a' });
  dispatcher.flush();
  expect(published).toEqual([]);
});

it('sends events of tasks in batches, each with a later clock', () => {
  const { dispatcher, published } = createDispatcher();
  dispatcher.taskEvents = true;
  for (let i = 0; i < 60; i += 1) dispatcher.sendTask('task-started', { uuid: `${i}` });
  expect(published).toHaveLength(1);
  dispatcher.flush();
  expect(published.map(({ routingKey }) => routingKey)).toEqual(['task.multi', 'task.multi']);
  const clocks = published.flatMap(({ body }) => decodeEvents(body)).map(({ clock }) => clock);
  expect(clocks).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
});

it('sends events of the worker at once', () => {
  const { dispatcher, published } = createDispatcher();
  dispatcher.send('worker-heartbeat', { freq: 2 });
  expect(published).toMatchObject([{ routingKey: 'worker.heartbeat' }]);
});

it('drops events while the broker does not take them, and goes on when it does', async () => {
  const { dispatcher, published, settle } = createDispatcher();
  dispatcher.taskEvents = true;
  for (let i = 0; i < 10_000; i += 1) dispatcher.sendTask('task-started', { uuid: `${i}` });
  for (let i = 0; i < 100; i += 1) dispatcher.send('worker-heartbeat', {});
  expect(published).toHaveLength(8);
  await settle('fail');
  while (published.length < 48) await settle('confirm');
  await settle('confirm');
  expect(events(published)).toBe(8 * 50 + 2_000);
  dispatcher.send('worker-heartbeat', {});
  expect(published.at(-1)?.routingKey).toBe('worker.heartbeat');
});
