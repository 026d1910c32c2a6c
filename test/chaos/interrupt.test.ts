import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { endLeftovers, processesOfRun } from './cluster/leftovers.ts';

interface StartedRun {
  readonly process: ChildProcess;
  /** In the environment of all that it has started. */
  readonly token: string;
  readonly folder: string;
  /** Where it has written down what it has started. */
  readonly records: string;
}

/** Starts a run in a folder of its own; resolves when its workers have begun. */
async function useRun(): Promise<StartedRun> {
  const cwd = await mkdtemp(join(tmpdir(), 'omega-chaos-test-'));
  const records = join(cwd, '.omega', 'chaos', 'running');
  const args = [resolve('dist/test/chaos/run.js'), '--seed', '1', '--minutes', '5', '--workers', '1'];
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await endLeftovers(records);
    rmSync(cwd, { recursive: true, force: true });
  });
  for await (const line of createInterface(child.stdout)) if (line.includes('seed 1')) break;
  child.stdout.resume();
  const [file = ''] = readdirSync(records);
  const { token, folder } = JSON.parse(readFileSync(join(records, file), 'utf8'));
  expect(processesOfRun(token).length).toBeGreaterThan(5);
  return { process: child, token, folder, records };
}

it('a run that is interrupted leaves no process and no file behind', async () => {
  const run = await useRun();
  run.process.kill('SIGINT');
  const [status] = await once(run.process, 'exit');
  expect(status).toBe(130);
  expect(processesOfRun(run.token)).toEqual([]);
  expect(existsSync(run.folder)).toBe(false);
  expect(readdirSync(run.records)).toEqual([]);
}, 120_000);

it('what a run left that was killed, the next one ends', async () => {
  const run = await useRun();
  run.process.kill('SIGKILL');
  await once(run.process, 'exit');
  expect(processesOfRun(run.token).length).toBeGreaterThan(5);
  await endLeftovers(run.records);
  expect(processesOfRun(run.token)).toEqual([]);
  expect(existsSync(run.folder)).toBe(false);
}, 120_000);
