/** What tasks ask of their supervisor, through real executors. */
import { expect, test } from 'vitest';
import type { JsonText } from '../../src/contract/job.ts';
import { Unroutable } from '../../src/errors.ts';
import type { Ending } from '../../src/executors/ending.ts';
import type { DispatchOptions } from '../../src/executors/executors.ts';
import { until } from '../support/broker-harness.ts';
import { job, taskModule, useExecutors } from '../support/executors.ts';

const NO_LIMIT = { timeLimit: null };
const modules = [taskModule('context-tasks'), taskModule('sample-tasks')];

function body(args: unknown[], kwargs: object = {}) {
  return { body: JSON.stringify([args, kwargs, {}]) as JsonText };
}

function signature(task: string) {
  return { task, args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };
}

function resultOf(ending: Ending): unknown {
  return ending.kind === 'success' ? JSON.parse(ending.result) : ending;
}

/** Notes the reports of a job and its end in the order of their coming. */
function journal(): { entries: unknown[]; options: DispatchOptions } {
  const entries: unknown[] = [];
  const onProgress = (state: string, meta: JsonText) => entries.push([state, JSON.parse(meta)]);
  return { entries, options: { timeLimit: null, onProgress } };
}

test.each(['context.end', 'context.endInline'])('%s ends as it asks', async (name) => {
  const executors = await useExecutors({ modules });
  const end = (how: string, retries = 0) => executors.dispatch(job(name, { how }, { retries }), NO_LIMIT);
  expect(await end('retry')).toMatchObject({
    kind: 'retry',
    countdown: 5,
    input: null,
    error: { excType: 'ValueError', excMessage: ['not yet'] },
  });
  expect(await end('retry', 1)).toMatchObject({ kind: 'failure', error: { excMessage: ['not yet'] } });
  expect(await end('ignore')).toEqual({ kind: 'ignored' });
  expect(await end('reject')).toMatchObject({ kind: 'rejected', requeue: true });
  const replaced = await end('replace');
  expect(replaced.kind === 'replaced' && JSON.parse(replaced.signature)).toMatchObject({ task: 'other' });
});

test('errors that a task names lead to a retry, also those of its thread and of its soft limit', async () => {
  const executors = await useExecutors({ modules });
  expect(await executors.dispatch(job('context.flaky', {}, { retries: 2 }), NO_LIMIT)).toMatchObject({
    kind: 'retry',
    countdown: 8,
    error: { excType: 'Flaky' },
  });
  expect(await executors.dispatch(job('context.exitThread'), NO_LIMIT)).toMatchObject({ kind: 'retry' });
  const overstay = job('context.overstay', {}, { softTimeLimit: 0.1 });
  expect(await executors.dispatch(overstay, NO_LIMIT)).toMatchObject({
    kind: 'retry',
    error: { excType: 'SoftTimeLimitExceeded' },
  });
});

test.each(['context.count', 'context.countInline'])(
  '%s has its first and its last report sent before its end, and few between',
  async (name) => {
    const executors = await useExecutors({ modules });
    const { entries, options } = journal();
    const started = Date.now();
    const ending = await executors.dispatch(job(name, { times: 20_000 }), options);
    entries.push(resultOf(ending));
    expect(entries[0]).toEqual(['PROGRESS', { done: 1 }]);
    expect(entries.slice(-2)).toEqual([['PROGRESS', { done: 20_000 }], 20_000]);
    expect(entries.length).toBeLessThanOrEqual(4 + (Date.now() - started) / 100);
  },
);

test('a task that has ended reports no more', async () => {
  const executors = await useExecutors({ modules });
  const { entries, options } = journal();
  await executors.dispatch(job('context.countLate'), options);
  await executors.dispatch(job('sample.wait', { ms: 100 }), NO_LIMIT);
  expect(entries).toEqual([]);
});

test.each(['context.send', 'context.sendInline'])(
  '%s gets the ids of what it sends, and what went wrong',
  async (name) => {
    const executors = await useExecutors({ modules });
    const sent: unknown[] = [];
    const onSend = async (text: JsonText) => {
      const { task } = JSON.parse(text);
      sent.push(task);
      if (task === 'nowhere') throw new Unroutable('no queue takes it');
      await until(() => sent.length === 3, 5000);
      return `id of ${task}`;
    };
    const signatures = ['first', 'nowhere', 'last'].map(signature);
    const ending = await executors.dispatch(job(name, {}, body([signatures])), { timeLimit: null, onSend });
    expect(resultOf(ending)).toEqual([
      'id of first',
      ['MESSAGE_UNROUTABLE', 'no queue takes it'],
      'id of last',
    ]);
    expect(sent).toEqual(['first', 'nowhere', 'last']);
  },
);

test('a task that is run by nobody who sends is told so', async () => {
  const executors = await useExecutors({ modules });
  const ending = await executors.dispatch(job('context.send', {}, body([[signature('a')]])), NO_LIMIT);
  expect(resultOf(ending)).toEqual([['OPERATION_NOT_SUPPORTED', expect.stringContaining('context.send')]]);
});

test('the answer to a job that has ended reaches no other job', async () => {
  const executors = await useExecutors({ modules });
  let answer: ((id: string) => void) | undefined;
  const late = (): Promise<string> =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const away = executors.dispatch(job('context.sendAway', signature('a')), { timeLimit: null, onSend: late });
  expect(await away).toMatchObject({ kind: 'success' });
  const onSend = async () => {
    answer?.('late');
    return 'in time';
  };
  const next = await executors.dispatch(job('context.sendInline', {}, body([[signature('b')]])), {
    timeLimit: null,
    onSend,
  });
  expect(resultOf(next)).toEqual(['in time']);
});

test.each([
  ['celery.map', 'sample.echo', [1, 'two', { three: 3 }], [1, 'two', { three: 3 }]],
  [
    'celery.starmap',
    'context.subtract',
    [
      [5, 3],
      [1, 1],
    ],
    [2, 0],
  ],
  [
    'celery.starmap',
    'context.subtractInline',
    [
      [5, 3],
      [1, 1],
    ],
    [2, 0],
  ],
  ['celery.map', 'celery.accumulate', ['a'], [['a']]],
  ['celery.map', 'context.subtract', [], []],
])('%s runs %s for each of %j', async (name, inner, it, results) => {
  const executors = await useExecutors({ modules });
  const { entries, options } = journal();
  const ending = await executors.dispatch(job(name, { task: signature(inner), it }), options);
  expect(resultOf(ending)).toEqual(results);
  if (inner.startsWith('context.') && it.length > 0) expect(entries.at(-1)).toEqual(['PROGRESS', { x: 1 }]);
});

test('a map ends with the first item that fails, and with a task that nobody knows', async () => {
  const executors = await useExecutors({ modules });
  const map = (task: unknown, it: unknown) => executors.dispatch(job('celery.map', { task, it }), NO_LIMIT);
  expect(await map(signature('context.end'), [{ how: 'retry' }])).toMatchObject({
    kind: 'failure',
    error: { excMessage: ['not yet'] },
  });
  expect(await map(signature('context.end'), [{ how: 'ignore' }])).toEqual({ kind: 'ignored' });
  expect(await map(signature('context.end'), [{ how: 'replace' }])).toMatchObject({ kind: 'failure' });
  expect(await map(signature('nobody'), [])).toMatchObject({ error: { excType: 'NotRegistered' } });
  expect(await map(3, [])).toMatchObject({ error: { excType: 'TypeError' } });
  expect(await map(signature('sample.echo'), 'text')).toMatchObject({ error: { excType: 'TypeError' } });
});

test('a map is under its soft time limit as a whole, also while its items await nothing', async () => {
  const executors = await useExecutors({ modules });
  const it = Array.from({ length: 200_000 }, () => [3, 1]);
  const map = job('celery.starmap', { task: 'context.subtractInline', it }, { softTimeLimit: 0.2 });
  expect(await executors.dispatch(map, NO_LIMIT)).toMatchObject({
    error: { excType: 'SoftTimeLimitExceeded' },
  });
});
