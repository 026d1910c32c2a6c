import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { isRunning, recordProcess, terminate } from '../../../src/services/process-record.ts';

async function startProcess(code: string) {
  const child = spawn(process.execPath, ['-e', `${code}; console.log('up'); setInterval(() => {}, 1000)`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  const record = recordProcess(child.pid ?? 0);
  if (!record) throw new Error('the process ended at once');
  return { record, exited: once(child, 'exit') };
}

it('a recorded process is the same only while it started at the same time', () => {
  const self = recordProcess(process.pid);
  expect(self && isRunning(self)).toBe(true);
  expect(isRunning({ pid: process.pid, startTime: 'at another time' })).toBe(false);
});

it('there is no record of a process that does not run', () => {
  expect(recordProcess(2 ** 22 + 1)).toBeNull();
});

it('a process is ended by SIGTERM', async () => {
  const { record, exited } = await startProcess('');
  await terminate(record, 5_000);
  expect(await exited).toEqual([null, 'SIGTERM']);
  expect(isRunning(record)).toBe(false);
});

it('a process that ignores SIGTERM is killed', async () => {
  const { record, exited } = await startProcess("process.on('SIGTERM', () => {})");
  await terminate(record, 100);
  expect(await exited).toEqual([null, 'SIGKILL']);
});

it('a process that took the id of the recorded one is left alone', async () => {
  const { record } = await startProcess('');
  await terminate({ ...record, startTime: 'earlier' }, 0);
  expect(isRunning(record)).toBe(true);
  await terminate(record, 5_000);
});
