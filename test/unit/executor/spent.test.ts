import { expect, test } from 'vitest';
import { spentReason } from '../../../src/executor/spent.ts';

const memory = () => 2000 * 1024;

test('an executor without limits is never spent, and its memory not looked at', () => {
  const neverRead = () => {
    throw new Error('read');
  };
  expect(
    spentReason({ maxTasks: null, maxMemory: null }, { ended: 1e6, wasRefused: false }, neverRead),
  ).toBeNull();
});

test('it is spent with its last task', () => {
  expect(spentReason({ maxTasks: 3, maxMemory: null }, { ended: 2, wasRefused: false }, memory)).toBeNull();
  expect(spentReason({ maxTasks: 3, maxMemory: null }, { ended: 3, wasRefused: false }, memory)).toMatch(
    /3 tasks/,
  );
});

test('it is spent when it uses more memory than it may', () => {
  expect(
    spentReason({ maxTasks: null, maxMemory: 2000 }, { ended: 1, wasRefused: false }, memory),
  ).toBeNull();
  expect(spentReason({ maxTasks: null, maxMemory: 1999 }, { ended: 1, wasRefused: false }, memory)).toMatch(
    /2000 KiB.* 1999 KiB/,
  );
});

test('it is spent when a task was refused memory, whatever it uses', () => {
  expect(spentReason({ maxTasks: null, maxMemory: null }, { ended: 1, wasRefused: true }, memory)).toMatch(
    /filled/,
  );
});
