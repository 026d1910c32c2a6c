import { expect, test } from 'vitest';
import { OutOfMemory, ThreadExited } from '../../../src/errors.ts';
import { threadFailure } from '../../../src/threads/thread-failure.ts';

test('an exhausted heap is OutOfMemory', () => {
  const error = Object.assign(new Error('terminated'), { code: 'ERR_WORKER_OUT_OF_MEMORY' });
  expect(threadFailure(error, "task 'a'")).toBeInstanceOf(OutOfMemory);
});

test('process.exit in a thread is ThreadExited with the exit code', () => {
  const failure = threadFailure(new Error('worker exited with code: 7'), "task 'a'");
  expect(failure).toBeInstanceOf(ThreadExited);
  expect(failure.message).toContain("task 'a' ended its thread with exit code 7");
});

test('piscina rejects with undefined for a result that cannot be cloned', () => {
  expect(threadFailure(undefined, "task 'a'").message).toContain('cannot be copied between threads');
});

test('another error stays as it is', () => {
  const error = new Error('something else');
  expect(threadFailure(error, "task 'a'")).toBe(error);
});
