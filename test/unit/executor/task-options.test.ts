import { expect, test } from 'vitest';
import { z } from 'zod';
import { task } from '../../../src/contract/task.ts';
import { ImproperlyConfigured } from '../../../src/errors.ts';
import { checkOptions } from '../../../src/executor/task-options.ts';

const plain = task({ name: 'shop.add', input: z.object({ x: z.number() }), run: () => 0 });

function check(options: object): void {
  checkOptions({ ...plain, ...options }, '/tasks.js');
}

test.each([
  {},
  { rateLimit: '10/s' },
  { rateLimit: '0.5/m' },
  { maxRetries: null },
  { maxRetries: 0, retryDelay: 0 },
  { autoRetryFor: [TypeError, 'Busy'], retryBackoff: true },
  { retryBackoff: { first: 2, most: 60, jitter: false }, args: ['x'] },
  { softTimeLimit: 0.5, timeLimit: 1, acksLate: false, trackStarted: true },
  { throws: [TypeError, 'Busy'], storeErrorsEvenIfIgnored: true, onSuccess: () => undefined },
  { priority: 9, expires: 60, serializer: 'msgpack', compression: 'zstd' },
])('%o are options of a task', (options) => {
  expect(() => check(options)).not.toThrow();
});

test.each([
  ['rateLimit', '10'],
  ['rateLimit', '0/s'],
  ['rateLimit', '0.0/s'],
  ['rateLimit', '10/d'],
  ['rateLimit', 10],
  ['softTimeLimit', 0],
  ['timeLimit', -1],
  ['timeLimit', Number.POSITIVE_INFINITY],
  ['maxRetries', -1],
  ['maxRetries', 1.5],
  ['retryDelay', -1],
  ['autoRetryFor', ['']],
  ['autoRetryFor', TypeError],
  ['onFailure', 'log it'],
  ['priority', 256],
  ['serializer', 'pickle'],
  ['retryBackoff', false],
  ['retryBackoff', { first: 0 }],
  ['args', ['x', 'x']],
  ['inline', 'yes'],
])('%s: %o is refused with the names of the task and its module', (option, value) => {
  expect(() => check({ [option]: value })).toThrow(ImproperlyConfigured);
  expect(() => check({ [option]: value })).toThrow(new RegExp(`'shop.add'.*/tasks\\.js.*${option}`));
});

test('all options that are wrong are named at once', () => {
  expect(() => check({ timeLimit: 0, maxRetries: -1 })).toThrow(/timeLimit: .*; maxRetries: /);
});
