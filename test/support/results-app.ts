/** The Celery app of test/python/results_app.py: its client's commands, and its worker. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { pythonPath } from './python.ts';
import type { Place } from './worker.ts';

const folder = fileURLToPath(new URL('../python/', import.meta.url));

/** What Celery's client gives of a result. */
export interface CeleryResult {
  readonly state: string;
  readonly result: unknown;
  /** Class and arguments. */
  readonly exception: readonly [string, readonly string[]] | null;
  readonly name: string | null;
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly worker: string | null;
  readonly retries: number | null;
  readonly queue: string | null;
}

/** Runs a command of the app, and answers with what it prints. */
export async function runCelery<T>(place: Place, backend: string, ...args: string[]): Promise<T> {
  const options = { env: environment(place, backend), cwd: folder };
  const { stdout } = await promisify(execFile)(pythonPath(), ['results_app.py', ...args], options);
  return JSON.parse(stdout);
}

/** Starts a Celery worker, by default at the place's queue; resolves when it consumes. */
export async function useCeleryWorker(
  place: Place,
  backend: string,
  { app = 'results_app', queue = place.queue } = {},
): Promise<void> {
  const command = [
    '-m',
    'celery',
    '-A',
    app,
    'worker',
    '-Q',
    queue,
    '-P',
    'solo',
    '-n',
    `${place.queue}@celery`,
  ];
  const quiet = ['--without-mingle', '--without-gossip', '-l', 'INFO'];
  const env = { ...environment(place, backend), OMEGA_TRACK: '1' };
  const child = spawn(pythonPath(), [...command, ...quiet], { env, cwd: folder });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the Celery worker ended with status ${code}`)));
    createInterface(child.stderr).on('line', (line) => {
      if (/ ready\.$/.test(line)) resolve();
    });
  });
}

function environment(place: Place, backend: string): NodeJS.ProcessEnv {
  return { ...process.env, OMEGA_BROKER: place.broker, OMEGA_BACKEND: backend, OMEGA_QUEUE: place.queue };
}
