import { expect, test } from 'vitest';
import { createDurations } from '../../../src/executors/durations.ts';

test('a task that has never run is not short', () => {
  expect(createDurations().isShort('a')).toBe(false);
});

test('a task is short when its runs take less than 10 ms on average', () => {
  const durations = createDurations();
  durations.record('short', 9);
  durations.record('long', 11);
  expect(durations.isShort('short')).toBe(true);
  expect(durations.isShort('long')).toBe(false);
});

test('one long run makes a short task long, and many short ones make it short again', () => {
  const durations = createDurations();
  durations.record('a', 1);
  durations.record('a', 100);
  expect(durations.isShort('a')).toBe(false);
  for (let i = 0; i < 10; i += 1) durations.record('a', 1);
  expect(durations.isShort('a')).toBe(true);
});
