/** Jobs through real executors: outcomes, order, recall, shutdown. */
import { expect, test } from 'vitest';
import type { Job } from '../../src/contract/job.ts';
import { until } from '../support/broker-harness.ts';
import { heldJob, job, makeExecutors, taskModule, useExecutors } from '../support/executors.ts';
import { isAlive, useTrace } from '../support/worker.ts';

const NO_LIMIT = { timeLimit: null };

test('the manifest names built-in and custom tasks with their time limits', async () => {
  const executors = await useExecutors();
  const tasks = new Map(executors.manifest.tasks.map((task) => [task.name, task]));
  expect(tasks.get('omegaml.tasks.omega_ping')).toMatchObject({ softTimeLimit: null, timeLimit: null });
  expect(tasks.get('sample.add')).toMatchObject({ softTimeLimit: 20, timeLimit: 30 });
});

test('a task in a thread gets its input and gives its result', async () => {
  const executors = await useExecutors();
  expect(await executors.dispatch(job('sample.add', { x: 1, y: 2 }), NO_LIMIT)).toEqual({
    kind: 'success',
    result: '3',
  });
});

test('a built-in task runs without MongoDB when it needs none', async () => {
  const executors = await useExecutors({ settings: { OMEGA_MONGO_URL: 'mongodb://127.0.0.1:1/none' } });
  const ending = await executors.dispatch(job('omegaml.tasks.omega_ping', { a: 1 }), NO_LIMIT);
  expect(ending).toMatchObject({ kind: 'success', result: expect.stringContaining('"a":1') });
});

test('a task that throws fails with the class and the message of its error', async () => {
  const executors = await useExecutors();
  expect(await executors.dispatch(job('sample.fail'), NO_LIMIT)).toMatchObject({
    kind: 'failure',
    error: { excType: 'ValueError', excMessage: ['as asked'] },
  });
});

test('an input that does not fit the schema fails with the path of what is wrong', async () => {
  const executors = await useExecutors();
  expect(await executors.dispatch(job('sample.add', { x: 1, y: 'two' }), NO_LIMIT)).toMatchObject({
    kind: 'failure',
    error: { excType: 'TypeError', excMessage: [expect.stringMatching(/sample\.add.* y: .*number/)] },
  });
});

test('a process that is started with nothing but the given environment sees nothing else', async () => {
  const executors = await useExecutors({ settings: { PATH: '/bin', GIVEN: 'yes' } });
  const { result } = (await executors.dispatch(job('sample.environment'), NO_LIMIT)) as { result: string };
  expect(Object.keys(JSON.parse(result)).filter((name) => !name.startsWith('NODE_'))).toEqual([
    'PATH',
    'GIVEN',
  ]);
});

test('what a task prints is logged with its id', async () => {
  const executors = await useExecutors();
  const printing = job('sample.print');
  await executors.dispatch(printing, NO_LIMIT);
  await executors.close();
  const line = executors.log.find(({ message }) => message === 'hello from a task');
  expect(line?.fields).toMatchObject({
    task_id: printing.taskId,
    task_name: 'sample.print',
    stream: 'stdout',
  });
});

// Their order is no promise: what waits behind a job that turns out long is recalled and overtaken.
test('many small jobs are each run once and none is lost', async () => {
  const executors = await useExecutors({ slots: 2 });
  const trace = useTrace();
  const jobs = Array.from({ length: 2000 }, () => job('sample.note', { trace: trace.path }));
  const endings = await Promise.all(jobs.map((each) => executors.dispatch(each, NO_LIMIT)));
  expect(endings.every(({ kind }) => kind === 'success')).toBe(true);

  const taskIds = trace.lines().map((line) => line.split(' ')[0] ?? '');
  expect(taskIds.sort()).toEqual(jobs.map(({ taskId }) => String(taskId)).sort());
});

test('a second slot is forked when it is needed and closed when it is idle', async () => {
  const executors = await useExecutors({ slots: 2, idleTimeout: 0.1 });
  const held = [heldJob(), heldJob()];
  const endings = held.map((each) => executors.dispatch(each.job, NO_LIMIT));
  await until(() => executors.active.length === 2, 20_000);
  expect(new Set(executors.active.map(({ pid }) => pid)).size).toBe(2);
  for (const { release } of held) release();
  await Promise.all(endings);
  await until(() => executors.pids.length === 1, 10_000);
});

test('recalled jobs come back, the running one runs on', async () => {
  const executors = await useExecutors();
  const running = executors.dispatch(job('sample.wait', { ms: 300 }), NO_LIMIT);
  const waiting = executors.dispatch(job('sample.empty'), NO_LIMIT);
  expect(executors.freeSlots).toBe(0);
  await until(() => executors.active.length === 1, 2000);
  executors.recall();
  expect(await waiting).toEqual({ kind: 'returned' });
  expect(await running).toMatchObject({ kind: 'success' });
  expect(executors.freeSlots).toBe(1);
});

test('a job that waits in an executor behind one that takes long is recalled from there', async () => {
  const { executors, first, behind } = await queueBehind();
  executors.recall([behind.job.taskId]);
  expect(await behind.ending).toEqual({ kind: 'returned' });
  first.release();
  expect(await first.ending).toMatchObject({ kind: 'success' });
});

test('jobs that wait in an executor behind one that takes long run in another one', async () => {
  const { first, behind } = await queueBehind({ slots: 2 });
  expect(await behind.ending).toMatchObject({ kind: 'success' });
  first.release();
  expect(await first.ending).toMatchObject({ kind: 'success' });
});

test('closing lets a running job finish, returns the waiting ones and leaves no process', async () => {
  const executors = await useExecutors();
  const { pids } = executors;
  const running = executors.dispatch(job('sample.wait', { ms: 300 }), NO_LIMIT);
  const waiting = executors.dispatch(job('sample.empty'), NO_LIMIT);
  await until(() => executors.active.length === 1, 2000);
  await executors.close();
  expect(await running).toMatchObject({ kind: 'success' });
  expect(await waiting).toEqual({ kind: 'returned' });
  expect(await executors.dispatch(job('sample.empty'), NO_LIMIT)).toEqual({ kind: 'returned' });
  expect(pids.filter(isAlive)).toEqual([]);
});

test('SIGINT and SIGTERM to an executor do not end its job', async () => {
  const executors = await useExecutors();
  const running = executors.dispatch(job('sample.wait', { ms: 300 }), {
    timeLimit: null,
    onStarted(pid) {
      process.kill(-pid, 'SIGINT');
      process.kill(-pid, 'SIGTERM');
    },
  });
  expect(await running).toMatchObject({ kind: 'success' });
});

test.each([
  [
    'throws while it loads',
    'throwing-module',
    /throwing-module\.js does not load \(Error: the settings are missing\)/,
  ],
  ['is not there', 'no-such-module', /no-such-module\.js does not load \(Error: Cannot find module/],
  ['exports no task', 'no-tasks', /no-tasks\.js exports no task/],
  [
    'has a task of a name that is taken',
    'same-name',
    /two tasks are named 'sample\.add'.*sample-tasks\.js.*same-name\.js/,
  ],
])('the start fails with the reason when a module %s', async (_, name, reason) => {
  const executors = makeExecutors({ modules: [taskModule('sample-tasks'), taskModule(name)] });
  await expect(executors.start()).rejects.toThrow(reason);
});

test('a task that two modules export is one task', async () => {
  const executors = await useExecutors({ modules: [taskModule('sample-tasks'), taskModule('again')] });
  expect(executors.manifest.tasks.filter(({ name }) => name === 'sample.add')).toHaveLength(1);
});

/** An executor that holds two jobs: the task is known to be short, but this time the first runs until it is released. */
async function queueBehind(options: { slots?: number } = {}) {
  const executors = await useExecutors(options);
  for (let i = 0; i < 3; i += 1) await executors.dispatch(releasedJob(), NO_LIMIT);
  const { job: first, release } = heldJob();
  const behind = releasedJob();
  const [firstEnding, behindEnding] = [first, behind].map((each) => executors.dispatch(each, NO_LIMIT));
  if (!firstEnding || !behindEnding) throw new Error('two jobs were dispatched');
  return {
    executors,
    first: { job: first, ending: firstEnding, release },
    behind: { job: behind, ending: behindEnding },
  };
}

function releasedJob(): Job {
  const held = heldJob();
  held.release();
  return held.job;
}
