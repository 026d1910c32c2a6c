import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import type { JsonText } from '../../../src/contract/job.ts';
import { type AnyTask, task } from '../../../src/contract/task.ts';
import { SoftTimeLimitExceeded } from '../../../src/errors.ts';
import { runCustomTask } from '../../../src/executor/custom-task.ts';
import { job, noLine } from '../../support/executors.ts';

const never = new AbortController().signal;

const repeat = task({
  name: 'repeat',
  input: z.object({ text: z.string(), times: z.array(z.number()).default([2]) }),
  run: ({ text, times: [times = 0] }) => text.repeat(times),
});

function run(definition: AnyTask, args: unknown[], kwargs: object, signal = never) {
  const body = JSON.stringify([args, kwargs, {}]) as JsonText;
  return runCustomTask(definition, job(definition.name, {}, { body }), signal, noLine);
}

test('keyword arguments are the input, with the defaults of the schema', async () => {
  expect(await run(repeat, [], { text: 'ab' })).toEqual({ kind: 'success', result: '"abab"' });
});

test('what does not fit the schema is named by its path', async () => {
  const outcome = await run(repeat, [], { text: 'a', times: [1, 'two'] });
  expect(outcome).toMatchObject({ error: { excMessage: [expect.stringMatching(/'repeat'.* times\.1: /)] } });
});

test('a task without a result gives null', async () => {
  const quiet = task({ name: 'quiet', input: z.object({}), run: () => undefined });
  expect(await run(quiet, [], {})).toEqual({ kind: 'success', result: 'null' });
});

test('a result that JSON cannot hold is a failure', async () => {
  const odd = task({ name: 'odd', input: z.object({}), run: () => () => 1 });
  expect(await run(odd, [], {})).toMatchObject({ kind: 'failure', error: { excType: 'EncodeError' } });
});

test("an AbortError after the soft limit is the limit's error", async () => {
  const controller = new AbortController();
  const waiting = task({
    name: 'waiting',
    input: z.object({}),
    run() {
      controller.abort(new SoftTimeLimitExceeded('over'));
      throw new DOMException('aborted', 'AbortError');
    },
  });
  const outcome = await run(waiting, [], {}, controller.signal);
  expect(outcome).toMatchObject({ error: { excType: 'SoftTimeLimitExceeded', excMessage: ['over'] } });
});

test('a task knows its ids, its retries and its worker', async () => {
  const context = task({
    name: 'context',
    input: z.object({}),
    run: (_, { taskName, rootId, parentId, retries, hostname }) => [
      taskName,
      rootId,
      parentId,
      retries,
      hostname,
    ],
  });
  const ids = { rootId: 'root', parentId: 'parent', retries: 2, hostname: 'omega@here' };
  const outcome = await runCustomTask(context, job('context', {}, ids), never, noLine);
  expect(outcome.kind === 'success' && JSON.parse(outcome.result)).toEqual([
    'context',
    ...Object.values(ids),
  ]);
});

/** A task that notes which of its hooks were called, and fails with what it is sent. */
function createHooked(options: Partial<AnyTask> = {}) {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void calls.push([name, ...args.slice(0, -1)]);
  const hooked: AnyTask = {
    ...task({
      name: 'hooked',
      input: z.object({ fail: z.boolean() }),
      run({ fail }) {
        if (fail) throw new RangeError('no');
        return 'done';
      },
    }),
    ...{ beforeStart: note('beforeStart'), onSuccess: note('onSuccess'), onFailure: note('onFailure') },
    ...{ onRetry: note('onRetry'), afterReturn: note('afterReturn') },
    ...options,
  };
  return { hooked, calls };
}

test('its functions are called before and after it', async () => {
  const { hooked, calls } = createHooked();
  expect(await run(hooked, [], { fail: false })).toMatchObject({ kind: 'success' });
  const input = { fail: false };
  expect(calls).toEqual([
    ['beforeStart', input],
    ['onSuccess', 'done', input],
    ['afterReturn', 'SUCCESS', 'done', input],
  ]);
});

test('they are told of a failure, and of a retry with its reason', async () => {
  const failing = createHooked();
  await run(failing.hooked, [], { fail: true });
  const retried = createHooked({ autoRetryFor: [RangeError] });
  expect(await run(retried.hooked, [], { fail: true })).toMatchObject({ kind: 'retry' });
  const rest = [new RangeError('no'), { fail: true }];
  expect(failing.calls.slice(1)).toEqual([
    ['onFailure', ...rest],
    ['afterReturn', 'FAILURE', ...rest],
  ]);
  expect(retried.calls.slice(1)).toEqual([
    ['onRetry', ...rest],
    ['afterReturn', 'RETRY', ...rest],
  ]);
});

test('a task fails with what its beforeStart throws, and with nothing that the others throw', async () => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => void written.mockRestore());
  const fail = () => {
    throw new TypeError('not today');
  };
  const { hooked } = createHooked({ onSuccess: fail, afterReturn: fail });
  expect(await run(hooked, [], { fail: false })).toMatchObject({ kind: 'success' });
  expect(written.mock.calls.map(([text]) => String(text).split('\n')[0])).toEqual([
    expect.stringMatching(/hooked\[.*\]: its onSuccess threw TypeError: not today/),
    expect.stringMatching(/its afterReturn threw/),
  ]);
  const refused = createHooked({ beforeStart: fail });
  expect(await run(refused.hooked, [], { fail: false })).toMatchObject({
    error: { excMessage: ['not today'] },
  });
});

test('an error that the task announces is an expected one', async () => {
  const { hooked } = createHooked({ throws: [RangeError] });
  expect(await run(hooked, [], { fail: true })).toMatchObject({ kind: 'failure', expected: true });
});
