import { expect, test } from 'vitest';
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
