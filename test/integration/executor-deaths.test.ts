/** What ends an executor, who is blamed for it, and what is left afterwards: nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { type ExecutorsUnderTest, job, taskModule, useExecutors } from '../support/executors.ts';
import { isAlive, useTrace } from '../support/worker.ts';

const NO_LIMIT = { timeLimit: null };

test('a job whose executor is killed is lost, and the jobs queued behind it run elsewhere', async () => {
  const executors = await useExecutors();
  await makeShort(executors, 'sample.wait', { ms: 0 });
  const [pid = 0] = executors.pids;
  const running = executors.dispatch(job('sample.wait', { ms: 60_000 }), {
    timeLimit: null,
    onStarted: () => process.kill(pid, 'SIGKILL'),
  });
  const behind = [1, 2, 3].map(() => executors.dispatch(job('sample.wait', { ms: 0 }), NO_LIMIT));
  expect(await running).toEqual({ kind: 'lost', started: true, detail: 'signal SIGKILL' });
  for (const ending of behind) expect(await ending).toMatchObject({ kind: 'success' });
  expect(executors.pids).not.toContain(pid);
});

test('a job that calls process.exit on the main thread is lost with the exit code', async () => {
  const executors = await useExecutors();
  const ending = await executors.dispatch(job('sample.exitProcess', { code: 7 }), NO_LIMIT);
  expect(ending).toEqual({ kind: 'lost', started: true, detail: 'exit code 7' });
});

test('a job is run however many jobs before it ended their executors', async () => {
  const executors = await useExecutors();
  await makeShort(executors, 'sample.exitProcess');
  const killers = [1, 2, 3, 4].map((code) =>
    executors.dispatch(job('sample.exitProcess', { code }), NO_LIMIT),
  );
  const innocent = executors.dispatch(job('sample.exitProcess'), NO_LIMIT);
  expect((await Promise.all(killers)).map(({ kind }) => kind)).toEqual(['lost', 'lost', 'lost', 'lost']);
  expect(await innocent).toMatchObject({ kind: 'success' });
});

test('a job whose executors die before they start it is lost, unstarted', async () => {
  let armed = false;
  const executors = await useExecutors({
    onChange() {
      if (armed && executors.stats().open > 0) for (const pid of executors.pids) process.kill(pid, 'SIGKILL');
    },
  });
  armed = true;
  for (const pid of executors.pids) process.kill(pid, 'SIGKILL');
  const ending = await executors.dispatch(job('sample.empty'), NO_LIMIT);
  armed = false;
  expect(ending).toMatchObject({ kind: 'lost', started: false });
});

test('a job that calls process.exit in its thread fails, and its executor goes on', async () => {
  const executors = await useExecutors();
  const { pids } = executors;
  expect(await executors.dispatch(job('sample.exitThread'), NO_LIMIT)).toMatchObject({
    kind: 'failure',
    error: { excType: 'WorkerLostError', excMessage: [expect.stringContaining('exit code 7')] },
  });
  expect(await executors.dispatch(job('sample.echo', { a: 1 }), NO_LIMIT)).toMatchObject({
    result: '{"a":1}',
  });
  expect(executors.pids).toEqual(pids);
});

test('a job that exhausts the heap is lost with what V8 says, and the slot works again', async () => {
  const executors = await useExecutors({ maxOldSpaceMb: 64 });
  expect(await executors.dispatch(job('sample.exhaust'), NO_LIMIT)).toMatchObject({
    kind: 'lost',
    started: true,
    detail: expect.stringMatching(/^signal SIGABRT, FATAL ERROR: .*heap/),
  });
  expect(await executors.dispatch(job('sample.empty'), NO_LIMIT)).toMatchObject({ kind: 'success' });
});

test('an error that nobody catches is the failure of the job that runs', async () => {
  const executors = await useExecutors();
  expect(await executors.dispatch(job('sample.rejectLate'), NO_LIMIT)).toMatchObject({
    kind: 'failure',
    error: { excMessage: ['nobody waits for this'] },
  });
});

test.each(['sample.spin', 'sample.block'])(
  '%s ends at its hard limit, and the slot works again',
  async (name) => {
    const executors = await useExecutors();
    const started = Date.now();
    const ending = await executors.dispatch(job(name), { timeLimit: 0.5 });
    expect(ending).toEqual({ kind: 'time-limit', seconds: 0.5 });
    expect(Date.now() - started).toBeLessThan(1500);
    expect(await executors.dispatch(job('sample.empty'), NO_LIMIT)).toMatchObject({ kind: 'success' });
  },
);

test('a task that heeds its signal fails at the soft limit, and its executor goes on', async () => {
  const executors = await useExecutors();
  const { pids } = executors;
  const ending = await executors.dispatch(job('sample.cooperate', {}, { softTimeLimit: 0.2 }), NO_LIMIT);
  expect(ending).toMatchObject({
    kind: 'failure',
    error: { excType: 'SoftTimeLimitExceeded', excMessage: [expect.stringContaining('0.2 s')] },
  });
  expect(executors.pids).toEqual(pids);
});

test('a task in a thread that does not heed its signal fails too, and its thread is gone', async () => {
  const executors = await useExecutors();
  const { pids } = executors;
  const ending = await executors.dispatch(job('sample.spin', {}, { softTimeLimit: 0.2 }), NO_LIMIT);
  expect(ending).toMatchObject({ kind: 'failure', error: { excType: 'SoftTimeLimitExceeded' } });
  await until(() => !pids.some(isAlive), 1000);
});

test('terminating ends a running job with its executor, and a waiting one without', async () => {
  const executors = await useExecutors();
  const [running, waiting] = [job('sample.spin'), job('sample.empty')];
  const endings = [running, waiting].map((each) => executors.dispatch(each, NO_LIMIT));
  await until(() => executors.active.length === 1, 2000);
  expect(executors.active).toMatchObject([{ taskId: running.taskId, pid: executors.pids[0] }]);
  expect(executors.terminate(waiting.taskId)).toBe(true);
  expect(executors.terminate(running.taskId)).toBe(true);
  expect(executors.terminate(job('sample.empty').taskId)).toBe(false);
  expect(await Promise.all(endings)).toEqual([{ kind: 'terminated' }, { kind: 'terminated' }]);
});

test('the kernel of an executor that is killed dies with it', async () => {
  const executors = await useExecutors();
  const trace = useTrace();
  await executors.dispatch(job('sample.startKernel', { trace: trace.path }), { timeLimit: 0.5 });
  const kernel = Number(trace.lines()[0]);
  await until(() => !isAlive(kernel), 1000);
});

test('a killed supervisor leaves neither executor nor kernel, although the main thread is blocked', async () => {
  const trace = useTrace();
  const script = fileURLToPath(new URL('../../dist/test/fixtures/supervisor.js', import.meta.url));
  const supervisor = spawn(process.execPath, [script, taskModule('sample-tasks'), trace.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void supervisor.kill('SIGKILL'));
  const [line] = await once(supervisor.stdout, 'data');
  await until(() => trace.lines().length === 1, 5000);
  const left = [Number(line), Number(trace.lines()[0])];
  expect(left.every(isAlive)).toBe(true);
  // The announcement of the kernel is still on its way to the supervisor.
  await delay(300);
  supervisor.kill('SIGKILL');
  await until(() => !left.some(isAlive), 1000);
});

test('an executor that dies while it is idle is replaced', async () => {
  const executors = await useExecutors();
  const [pid = 0] = executors.pids;
  process.kill(pid, 'SIGKILL');
  await until(() => executors.stats().open === 1 && !executors.pids.includes(pid), 5000);
});

async function makeShort(executors: ExecutorsUnderTest, taskName: string, kwargs = {}): Promise<void> {
  for (let i = 0; i < 3; i += 1) await executors.dispatch(job(taskName, kwargs), NO_LIMIT);
}
