/** How many executors there are, and how long each lives. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { heldJob, job, useExecutors } from '../support/executors.ts';
import { useTrace } from '../support/worker.ts';

const NO_LIMIT = { timeLimit: null };

test('an executor that has run as many tasks as it may is replaced, and what waits in it runs elsewhere', async () => {
  const executors = await useExecutors({ maxTasks: 5 });
  const trace = useTrace();
  const jobs = Array.from({ length: 12 }, () => job('sample.note', { trace: trace.path }));
  const endings = await Promise.all(jobs.map((each) => executors.dispatch(each, NO_LIMIT)));
  expect(endings.every(({ kind }) => kind === 'success')).toBe(true);

  const runs = countBy(trace.lines().map((line) => line.split(' ')[1] ?? ''));
  expect([...runs.values()].sort()).toEqual([2, 5, 5]);
  const replaced = executors.log.filter(({ message }) => message.startsWith('executor is replaced'));
  expect(replaced.map(({ message }) => message)).toEqual(
    Array(2).fill('executor is replaced: it has run 5 tasks, its limit is 5'),
  );
});

test('an executor that uses more memory than it may is replaced when its task has ended', async () => {
  const executors = await useExecutors({ maxMemory: 1000 });
  const pids = [];
  for (let i = 0; i < 2; i += 1) pids.push(await executors.dispatch(job('sample.wait', { ms: 1 }), NO_LIMIT));
  expect(pids[0]).toMatchObject({ kind: 'success' });
  expect(pids[1]).not.toEqual(pids[0]);
  expect(executors.log.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/^executor is replaced: it uses \d+ KiB of memory, its limit is 1000 KiB$/),
  );
});

test('slots that are added are used at once, those that are taken away when their job has ended', async () => {
  const executors = await useExecutors();
  const held = [heldJob(), heldJob(), heldJob()];
  const endings = held.map((each) => executors.dispatch(each.job, NO_LIMIT));
  executors.resize(3);
  expect(executors.slots).toBe(3);
  await until(() => executors.active.length === 3, 20_000);

  executors.resize(0);
  expect(executors.slots).toBe(1);
  const waiting = executors.dispatch(job('sample.empty'), NO_LIMIT);
  for (const { release } of held) release();
  expect((await Promise.all(endings)).map(({ kind }) => kind)).toEqual(['success', 'success', 'success']);
  expect(await waiting).toMatchObject({ kind: 'success' });
  await until(() => executors.pids.length === 1, 10_000);
});

test('of the executors beyond the slots, idle ones are closed and the busy one stays', async () => {
  const executors = await useExecutors({ slots: 3 });
  const held = [heldJob(), heldJob(), heldJob()];
  const endings = held.map((each) => executors.dispatch(each.job, NO_LIMIT));
  await until(() => executors.active.length === 3, 20_000);
  for (const { release } of held.slice(1)) release();
  await Promise.all(endings.slice(1));

  executors.resize(1);
  await until(() => executors.pids.length === 1, 10_000);
  expect(executors.active.map(({ taskId }) => taskId)).toEqual([held[0]?.job.taskId]);
  held[0]?.release();
  expect(await endings[0]).toMatchObject({ kind: 'success' });
});

test('an executor that is retired at the moment when it begins with a job lets that job run for as long as it takes', async () => {
  const executors = await useExecutors();
  await executors.dispatch(job('sample.empty'), NO_LIMIT);
  const [retired] = executors.pids;
  const { job: held, release } = heldJob();
  const pids: number[] = [];
  const ending = executors.dispatch(held, { ...NO_LIMIT, onStarted: (pid) => pids.push(pid) });
  await nextTurn();
  sleepThread(500);
  expect(executors.active).toEqual([]);
  executors.renew();
  await until(() => executors.active.length === 1);
  expect(pids).toEqual([retired]);
  // Longer than an executor that has nothing to do is given to exit.
  await sleep(6_000);
  release();
  expect(await ending).toMatchObject({ kind: 'success' });
}, 20_000);

const SUSPECT = { timeLimit: null, suspect: true };

test('a job that has ended an executor before runs in a new one, and an idle one stays as it is', async () => {
  const executors = await useExecutors({ slots: 2 });
  await executors.dispatch(job('sample.empty'), NO_LIMIT);
  const [used] = executors.pids;
  const pids: number[] = [];
  await executors.dispatch(job('sample.empty'), { ...SUSPECT, onStarted: (pid) => pids.push(pid) });
  expect(pids).not.toContain(used);
  expect(executors.pids).toContain(used);
});

test('where every slot has an executor that was used, one makes room for a job that has ended one', async () => {
  const executors = await useExecutors();
  await executors.dispatch(job('sample.empty'), NO_LIMIT);
  const [used] = executors.pids;
  const pids: number[] = [];
  await executors.dispatch(job('sample.empty'), { ...SUSPECT, onStarted: (pid) => pids.push(pid) });
  expect(pids).not.toContain(used);
  expect(executors.pids).not.toContain(used);
});

test('a task whose last two runs ended their executors is kept from idle ones, until one of its runs ends well', async () => {
  const executors = await useExecutors({ slots: 2 });
  const run = (kwargs: object) => executors.dispatch(job('sample.exitProcess', kwargs), NO_LIMIT);
  for (let i = 0; i < 2; i += 1) await run({ code: 1 });
  await executors.dispatch(job('sample.empty'), NO_LIMIT);
  const [used] = executors.pids;
  expect(await run({ code: 1 })).toMatchObject({ kind: 'lost', started: true });
  expect(executors.pids).toContain(used);

  expect(await run({})).toMatchObject({ kind: 'success' });
  const { forked } = executors.stats();
  expect(await run({})).toMatchObject({ kind: 'success' });
  expect(executors.stats().forked).toBe(forked);
});

test('half of the slots run no jobs that have ended an executor before', async () => {
  const executors = await useExecutors({ slots: 2 });
  const held = [heldJob(), heldJob()];
  const endings = held.map((each) => executors.dispatch(each.job, SUSPECT));
  expect(await executors.dispatch(job('sample.empty'), NO_LIMIT)).toMatchObject({ kind: 'success' });
  await until(() => executors.active.length === 1, 20_000);
  expect(executors.stats().waiting).toBe(1);

  for (const { release } of held) release();
  expect((await Promise.all(endings)).map(({ kind }) => kind)).toEqual(['success', 'success']);
});

/** Keeps this thread from reading what the executors say meanwhile. */
function sleepThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function countBy(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
