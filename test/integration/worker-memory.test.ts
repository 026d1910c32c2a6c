/** Memory that V8's limit does not count. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { grow } from '../support/execution-tasks.ts';
import { job, useExecutors } from '../support/executors.ts';
import { EXECUTION_TASKS } from '../support/sender.ts';
import { note } from '../support/tasks.ts';
import { metric, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const MIB = 2 ** 20;
const isWatched = existsSync('/proc/self/status');

it.skipIf(!isWatched)('a task above the memory limit fails, once, and all others run', async () => {
  const place = usePlace();
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
