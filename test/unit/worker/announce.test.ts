import { expect, it } from 'vitest';
import { eventsOf } from '../../../src/worker/announce.ts';
import type { Request, WorkerNode } from '../../../src/worker/node.ts';

const events = {};

function eventsOfTask(taskName: string): unknown {
  const tasks = new Map([
    ['loud', { sendEvents: true }],
    ['quiet', { sendEvents: false }],
  ]);
  const node = { tasks, events } as unknown as WorkerNode;
  return eventsOf(node, { message: { taskName } } as Request);
}

it('sends no events of a task that wants none', () => {
  expect(eventsOfTask('quiet')).toBeNull();
  expect(eventsOfTask('loud')).toBe(events);
  expect(eventsOfTask('unknown')).toBe(events);
});
