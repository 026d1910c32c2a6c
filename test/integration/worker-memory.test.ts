/** Memory that V8's limit does not count. */
import { randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { grow } from '../support/execution-tasks.ts';
import { job, useExecutors } from '../support/executors.ts';
import { EXECUTION_TASKS } from '../support/sender.ts';
import { note } from '../support/tasks.ts';
import { metric, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const CONTROL_GROUPS = '/sys/fs/cgroup/memory';
const MIB = 2 ** 20;
const isWatched = existsSync('/proc/self/status');

it.skipIf(!isWatched)('a task above the memory limit fails, once, and all others run', async () => {
  // Without prlimit nothing is refused: only the supervisor sees what is taken.
  const place = { ...usePlace(), environment: { PATH: '' } };
  const flags = [EXECUTION_TASKS, '--memory-limit', String(300 * 1024)];
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, flags)]);
  const [grown, noted] = [useTrace(), useTrace()];
  const neighbour = om.runtime.task(note)({ path: noted.path, text: 'neighbour', seconds: 3 });
  const greedy = om.runtime.task(grow)({ path: grown.path, megabytes: 2_000, seconds: 30 });
  await expect(greedy.get({ timeout: 20_000 })).rejects.toThrow(/MemoryError.*more than the 307200 KiB/);
  expect(grown.lines()).toEqual(['run']);
  expect(await neighbour).toBe('neighbour');
  expect(await om.runtime.task(grow)({ path: grown.path, megabytes: 32 })).toBe(1);
  expect(noted.lines()).toEqual(['neighbour']);
  expect(await metric(worker, 'omega_executor_restarts_total{reason="memory"}')).toBe(1);
  expect(worker.process.exitCode).toBeNull();
});

it.skipIf(!isWatched)(
  'when the node is full the largest executor goes, and its job may run again',
  async () => {
    const { path } = useTrace();
    const told: boolean[] = [];
    const executors = await useExecutors({
      modules: [EXECUTION_TASKS],
      slots: 2,
      // What the supervisor takes, which is this process, is counted, too.
      memory: {
        limit: null,
        available: process.memoryUsage.rss() + 700 * MIB,
        onShort: (isShort) => void told.push(isShort),
      },
    });
    const small = executors.dispatch(job('exec.grow', { path, megabytes: 96, seconds: 3 }), {
      timeLimit: null,
    });
    const large = executors.dispatch(job('exec.grow', { path, megabytes: 900, seconds: 30 }), {
      timeLimit: null,
    });
    expect(await large).toEqual({
      kind: 'lost',
      started: true,
      detail: expect.stringMatching(/^the node is out of memory: it took \d+ of \d+ MiB$/),
    });
    expect(await small).toMatchObject({ kind: 'success' });
    await until(() => told.at(-1) === false);
    expect(told).toEqual([true, false]);
  },
);

it.skipIf(!hasControlGroups())(
  'a job that the kernel ends for want of memory is lost, and its slot works again',
  async () => {
    const { path } = useTrace();
    const executors = await useExecutors({ modules: [EXECUTION_TASKS] });
    const group = join(CONTROL_GROUPS, `omega_test_${randomUUID()}`);
    mkdirSync(group);
    onTestFinished(async () => {
      executors.kill();
      await executors.close();
      rmdirSync(group);
    });
    writeFileSync(join(group, 'memory.limit_in_bytes'), '200M');
    for (const pid of executors.pids) writeFileSync(join(group, 'cgroup.procs'), String(pid));
    const ending = await executors.dispatch(job('exec.grow', { path, megabytes: 500 }), { timeLimit: null });
    expect(ending).toEqual({ kind: 'lost', started: true, detail: 'signal SIGKILL' });
    const next = await executors.dispatch(job('exec.grow', { path, megabytes: 32 }), { timeLimit: null });
    expect(next).toMatchObject({ kind: 'success' });
  },
);

/** Whether there are control groups of version 1, and they may be made here. */
function hasControlGroups(): boolean {
  try {
    accessSync(join(CONTROL_GROUPS, 'cgroup.procs'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
