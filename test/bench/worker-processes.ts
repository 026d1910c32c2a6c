/** Workers as processes of their own, ours and Celery's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, LOOPBACK } from '../../src/services/tcp.ts';
import { pythonPath } from '../support/python.ts';
import { brokerUrl } from '../support/services.ts';

export interface WorkerProcess {
  readonly pid: number;
  /** Warm shutdown by SIGTERM; SIGKILL when it does not end. */
  stop(): Promise<void>;
  /** Stops it where it is (SIGSTOP), so that a backlog can grow. */
  freeze(): void;
  thaw(): void;
}

export interface OmegaWorkerOptions {
  readonly queue: string;
  readonly mongoUrl: string;
  readonly concurrency?: number;
  /** Paths of compiled modules with tasks. */
  readonly modules?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 20_000;

/** Starts `omega worker`; returns when it consumes. `url` is where it serves /metrics and /readyz. */
export async function startOmegaWorker(
  options: OmegaWorkerOptions,
): Promise<WorkerProcess & { readonly url: string }> {
  const port = await freePort();
  const url = `http://${LOOPBACK}:${port}`;
  const flags = ['-Q', options.queue, '-c', String(options.concurrency ?? 1), '-n', `${options.queue}@%h`];
  const args = ['dist/src/cli/main.js', 'worker', ...(options.modules ?? []), ...flags];
  const worker = start(process.execPath, [...profilerFlags(), ...args, '--http-port', String(port)], {
    OMEGA_MONGO_URL: options.mongoUrl,
    OMEGA_BROKER: brokerUrl(),
    ...options.env,
  });
  await untilReady(worker, async () => (await fetch(`${url}/readyz`)).ok);
  return { ...worker, url };
}

/** Starts a Celery worker on an app of test/python; returns when it consumes. */
export async function startCeleryWorker(
  app: string,
  queue: string,
  concurrency: number,
  env: Readonly<Record<string, string>>,
): Promise<WorkerProcess> {
  const celery = ['-m', 'celery', '-A', app, 'worker', '-P', 'prefork', '-c', String(concurrency)];
  const flags = ['-Q', queue, '-n', `${queue}@%h`, '-l', 'INFO', '--without-mingle', '--without-gossip'];
  const worker = start(
    pythonPath(),
    [...celery, ...flags],
    { OMEGA_BROKER: brokerUrl(), PYTHONDONTWRITEBYTECODE: '1', ...env },
    'test/python',
  );
  await untilReady(worker, async () => / ready\.$/m.test(worker.output()));
  return worker;
}

interface StartedProcess extends WorkerProcess {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  output(): string;
}

/** What it prints goes into a file, as with a service: reading it would cost the measuring process its time. */
function start(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd = '.',
): StartedProcess {
  const folder = mkdtempSync(join(tmpdir(), 'omega-bench-'));
  const log = join(folder, 'worker.log');
  const file = openSync(log, 'w');
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  return {
    child,
    pid: child.pid ?? 0,
    output: () => readFileSync(log, 'utf8'),
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async stop() {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
  await ended;
  clearTimeout(timer);
}

async function untilReady(worker: StartedProcess, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_PATIENCE_MS;
  while (!(await isReady().catch(() => false))) {
    if (hasEnded(worker.child) || Date.now() > deadline) {
      const printed = worker.output();
      await worker.stop();
      throw new Error(`the worker did not start:\n${printed}`);
    }
    await sleep(50);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** OMEGA_BENCH_NODE_FLAGS, for example `--cpu-prof --cpu-prof-dir=/tmp/prof`, for a look at our supervisor. */
function profilerFlags(): string[] {
  return process.env.OMEGA_BENCH_NODE_FLAGS?.split(' ').filter(Boolean) ?? [];
}
