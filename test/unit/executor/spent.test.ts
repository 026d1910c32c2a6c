import { expect, test } from 'vitest';
import { spentReason } from '../../../src/executor/spent.ts';

const memory = () => 2000 * 1024;

test('an executor without limits is never spent, and its memory not looked at', () => {
  const neverRead = () => {
    throw new Error('read');
  };
  expect(spentReason({ maxTasks: null, maxMemory: null }, 1e6, neverRead)).toBeNull();
});

test('it is spent with its last task', () => {
  expect(spentReason({ maxTasks: 3, maxMemory: null }, 2, memory)).toBeNull();
  expect(spentReason({ maxTasks: 3, maxMemory: null }, 3, memory)).toMatch(/3 tasks/);
});

test('it is spent when it uses more memory than it may', () => {
  expect(spentReason({ maxTasks: null, maxMemory: 2000 }, 1, memory)).toBeNull();
  expect(spentReason({ maxTasks: null, maxMemory: 1999 }, 1, memory)).toMatch(/2000 KiB.* 1999 KiB/);
});
