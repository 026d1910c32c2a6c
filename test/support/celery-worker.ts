/** A real Celery worker under test: its own process and queue. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pythonPath } from './python.ts';

const SCRIPTS = dirname(fileURLToPath(new URL('../python/client_app.py', import.meta.url)));

export interface CeleryWorker {
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/**
 * Starts `celery worker` with two processes; resolves when it is ready.
 *
 * @param app - module of test/python with the tasks; it reads BROKER, BACKEND and QUEUE.
 */
export async function startCeleryWorker(
  app: string,
  env: { readonly BROKER: string; readonly BACKEND: string; readonly QUEUE: string },
  flags: readonly string[] = [],
): Promise<CeleryWorker> {
  const name = `${env.QUEUE}@test`;
  const args = ['-m', 'celery', '-A', app, 'worker', '-c', '2', '-Q', env.QUEUE, '-n', name, '-l', 'INFO'];
  const child = spawn(pythonPath(), [...args, '--without-gossip', '--without-mingle', ...flags], {
    cwd: SCRIPTS,
    env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      if (log.length < 100_000) log += chunk;
      if (log.includes(' ready.')) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new Error(`celery ended with status ${code}: ${log}`)));
  });
  return { process: child, stop: () => stopGroup(child) };
}

/** The worker and its pool are one process group. */
async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const stopped = await Promise.race([exited.then(() => true), delay(10_000, false)]);
  if (stopped) return;
  process.kill(-child.pid, 'SIGKILL');
  await exited;
}
