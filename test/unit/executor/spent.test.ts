import { expect, test } from 'vitest';
import { spentReason } from '../../../src/executor/spent.ts';

const memory = () => 2000 * 1024;

test('an executor without limits is never spent, and its memory not looked at', () => {
  const neverRead = () => {
    throw new Error('read');
  };
  expect(
    spentReason(
      { maxTasks: null, maxMemory: null, memoryLimit: null },
      { ended: 1e6, wasRefused: false },
      neverRead,
    ),
  ).toBeNull();
});

test('it is spent with its last task', () => {
  expect(
    spentReason({ maxTasks: 3, maxMemory: null, memoryLimit: null }, { ended: 2, wasRefused: false }, memory),
  ).toBeNull();
  expect(
    spentReason({ maxTasks: 3, maxMemory: null, memoryLimit: null }, { ended: 3, wasRefused: false }, memory),
  ).toMatch(/3 tasks/);
});

test('it is spent when it uses more memory than it may', () => {
  expect(
    spentReason(
      { maxTasks: null, maxMemory: 2000, memoryLimit: null },
      { ended: 1, wasRefused: false },
      memory,
    ),
  ).toBeNull();
  expect(
    spentReason(
      { maxTasks: null, maxMemory: 1999, memoryLimit: null },
      { ended: 1, wasRefused: false },
      memory,
    ),
  ).toMatch(/2000 KiB.* 1999 KiB/);
});

test('it is spent when a task that was refused memory has left it full', () => {
  const refused = { ended: 1, wasRefused: true };
  const limits = { maxTasks: null, maxMemory: null };
  expect(spentReason({ ...limits, memoryLimit: 3999 }, refused, memory)).toMatch(/filled the 3999 KiB/);
  expect(spentReason({ ...limits, memoryLimit: 4000 }, refused, memory)).toBeNull();
  expect(spentReason({ ...limits, memoryLimit: null }, refused, memory)).toBeNull();
});
