import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Job, Outcome } from '../../../src/contract/job.ts';
import { type AnyTask, type TaskContext, type TaskOptions, task } from '../../../src/contract/task.ts';
import { Ignore, SoftTimeLimitExceeded } from '../../../src/errors.ts';
import { runCustomTask } from '../../../src/executor/custom-task.ts';
import { backoffDelay } from '../../../src/executor/retry.ts';
import { job, noLine } from '../../support/executors.ts';

class Busy extends Error {
  override readonly name = 'Busy';
}
class VeryBusy extends Busy {}

function run(body: (context: TaskContext) => unknown, options: TaskOptions = {}, fields: Partial<Job> = {}) {
  const definition = task({
    name: 'shop.sync',
    input: z.unknown(),
    run: (_, context) => body(context),
    ...options,
  });
  return runCustomTask(
    definition as AnyTask,
    job('shop.sync', { x: 1 }, fields),
    new AbortController().signal,
    noLine,
  );
}

function throwing(error: unknown, options: TaskOptions, fields: Partial<Job> = {}): Promise<Outcome> {
  return run(
    () => {
      throw error;
    },
    options,
    fields,
  );
}

test('retry ends the run as one to be made again, after three minutes and with the same input', async () => {
  expect(await run((context) => context.retry())).toMatchObject({
    kind: 'retry',
    countdown: 180,
    input: null,
    error: { excType: 'Retry', excModule: 'celery.exceptions', excMessage: ['Retry in 180s'] },
  });
});

test('the error of a retry is the one that is shown', async () => {
  const outcome = await run((context) => context.retry({ error: new RangeError('again'), countdown: 1 }));
  expect(outcome).toMatchObject({
    countdown: 1,
    error: { excType: 'ValueError', excModule: 'builtins', excMessage: ['again'] },
  });
});

test.each([
  [{ y: 2 }, '[[],{"y":2}]'],
  ['whole', '[["whole"],{}]'],
])('the input %j of a retry is passed on as a client would', async (input, text) => {
  const outcome = await run((context) => context.retry({ input }));
  expect(outcome.kind === 'retry' && JSON.parse(outcome.input ?? '')).toEqual(JSON.parse(text));
});

test('the delay of the task is what a retry without a countdown waits', async () => {
  expect(await run((context) => context.retry(), { retryDelay: 7 })).toMatchObject({ countdown: 7 });
});

test.each([
  [{}, 3],
  [{ maxRetries: 0 }, 0],
])('a task with the options %j is given up after %i retries', async (options, retries) => {
  const outcome = await run((context) => context.retry(), options, {
    retries,
    taskId: 'id' as Job['taskId'],
  });
  expect(outcome).toMatchObject({
    kind: 'failure',
    error: {
      excType: 'MaxRetriesExceededError',
      excMessage: ["Can't retry shop.sync[id] args:() kwargs:{'x': 1}"],
    },
  });
});

test('a task that is given up fails with the error of its retry, if it has one', async () => {
  const error = new RangeError('still');
  const outcome = await run((context) => context.retry({ error }), {}, { retries: 3 });
  expect(outcome).toMatchObject({ kind: 'failure', error: { excType: 'ValueError', excMessage: ['still'] } });
});

test.each([
  ['its options', { maxRetries: null }, {}],
  ['the call', { maxRetries: 1 }, { maxRetries: null }],
])('without a limit in %s a task is retried for ever', async (_, options, call) => {
  const outcome = await run((context) => context.retry(call), options, { retries: 1000 });
  expect(outcome.kind).toBe('retry');
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('a countdown of %d is an error', async (countdown) => {
  const outcome = await run((context) => context.retry({ countdown }));
  expect(outcome).toMatchObject({
    kind: 'failure',
    error: { excMessage: [expect.stringContaining('shop.sync')] },
  });
});

test('a task that swallows its retry has ended as it likes', async () => {
  const swallow = (context: TaskContext) => {
    try {
      context.retry();
    } catch {
      return 'done';
    }
  };
  expect(await run(swallow)).toEqual({ kind: 'success', result: '"done"' });
});

test('ignore, reject and replace end the run as they say', async () => {
  const signature = { task: 'a', args: [1], kwargs: {}, options: {}, subtask_type: null, immutable: false };
  expect(await run((context) => context.ignore())).toEqual({ kind: 'ignored' });
  expect(await run((context) => context.reject('no'))).toMatchObject({
    kind: 'rejected',
    requeue: false,
    error: { excType: 'Reject', excMessage: ['no', false] },
  });
  expect(await run((context) => context.reject('later', { requeue: true }))).toMatchObject({
    requeue: true,
    error: { excMessage: ['later', true] },
  });
  const replaced = await run((context) => context.replace(signature));
  expect(replaced.kind === 'replaced' && JSON.parse(replaced.signature)).toEqual(signature);
});

test.each([
  ['a class', Busy],
  ['a base class', Error],
  ['a name', 'Busy'],
])('an error that autoRetryFor has by %s leads to a retry', async (_, match) => {
  const outcome = await throwing(new VeryBusy('wait'), { autoRetryFor: [match], retryDelay: 5 });
  expect(outcome).toMatchObject({
    kind: 'retry',
    countdown: 5,
    error: { excType: 'Busy', excMessage: ['wait'] },
  });
});

test('other errors, and those of dontAutoRetryFor, are failures', async () => {
  expect((await throwing(new TypeError('no'), { autoRetryFor: [Busy] })).kind).toBe('failure');
  const options = { autoRetryFor: [Busy], dontAutoRetryFor: [VeryBusy] };
  expect((await throwing(new VeryBusy('no'), options)).kind).toBe('failure');
  expect((await throwing(new Busy('yes'), options)).kind).toBe('retry');
});

test('an automatic retry is given up with the error itself', async () => {
  const outcome = await throwing(new Busy('still'), { autoRetryFor: [Busy], maxRetries: 2 }, { retries: 2 });
  expect(outcome).toMatchObject({ kind: 'failure', error: { excType: 'Busy' } });
});

test('what a task asks for is never retried instead', async () => {
  expect(await throwing(new Ignore('stop'), { autoRetryFor: [Error] })).toEqual({ kind: 'ignored' });
});

test('a soft time limit is retried only when it is named', async () => {
  const limit = new SoftTimeLimitExceeded('over');
  expect((await throwing(limit, { autoRetryFor: [Error] })).kind).toBe('failure');
  expect((await throwing(limit, { autoRetryFor: [SoftTimeLimitExceeded] })).kind).toBe('retry');
  expect((await throwing(limit, { autoRetryFor: ['SoftTimeLimitExceeded'] })).kind).toBe('retry');
});

test('an input that does not fit is not retried: it never will', async () => {
  const definition = task({ name: 'a', input: z.string(), run: () => 0, autoRetryFor: [Error] });
  const outcome = await runCustomTask(definition, job('a', {}), new AbortController().signal, noLine);
  expect(outcome.kind).toBe('failure');
});

test('the backoff doubles from the first delay to the longest', () => {
  const delays = [0, 1, 2, 3, 20].map((retries) =>
    backoffDelay({ first: 3, most: 20, jitter: false }, retries, () => 0),
  );
  expect(delays).toEqual([3, 6, 12, 20, 20]);
});

test('jitter makes the delay a whole number from none to all of it', () => {
  const below1 = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(2000), below1, (retries, random) => {
      const delay = backoffDelay({}, retries, () => random);
      expect(Number.isInteger(delay) && delay >= 0 && delay <= Math.min(600, 2 ** retries)).toBe(true);
    }),
  );
  expect(backoffDelay({}, 4, () => 0.999)).toBe(16);
  expect(backoffDelay({}, 4, () => 0)).toBe(0);
});

test('the delays of automatic retries follow the backoff of the task', async () => {
  const options = { autoRetryFor: [Busy], retryBackoff: { first: 2, jitter: false } };
  expect(await throwing(new Busy(''), options, { retries: 2 })).toMatchObject({ countdown: 8 });
});
