/** Workers as processes of their own, ours and Celery's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, LOOPBACK } from '../../src/services/tcp.ts';
import { pythonPath } from '../support/python.ts';
import { brokerUrl, mongoUrl } from '../support/services.ts';

export interface WorkerProcess {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  output(): string;
  /** Warm shutdown by SIGTERM; SIGKILL when it does not end. */
  stop(): Promise<void>;
}

export interface OmegaWorkerOptions {
  readonly queue: string;
  /** Name of its database, see `mongoUrl`. */
  readonly database: string;
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
  const child = spawn(process.execPath, [...args, '--http-port', String(port)], {
    env: {
      ...process.env,
      OMEGA_MONGO_URL: mongoUrl(options.database),
      OMEGA_BROKER: brokerUrl(),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const worker = track(child);
  await untilReady(worker, async () => (await fetch(`${url}/readyz`)).ok);
  return { ...worker, url };
}

/** Starts a Celery worker on an app of test/python; returns when it consumes. */
export async function startCeleryWorker(app: string, queue: string, concurrency = 1): Promise<WorkerProcess> {
  const celery = ['-m', 'celery', '-A', app, 'worker', '-P', 'prefork', '-c', String(concurrency)];
  const flags = ['-Q', queue, '-n', `${queue}@%h`, '-l', 'INFO', '--without-mingle', '--without-gossip'];
  const child = spawn(pythonPath(), [...celery, ...flags], {
    cwd: 'test/python',
    env: { ...process.env, OMEGA_BROKER: brokerUrl(), PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const worker = track(child);
  await untilReady(worker, async () => / ready\.$/m.test(worker.output()));
  return worker;
}

function track(child: ChildProcess): WorkerProcess {
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  return {
    process: child,
    output: () => printed,
    async stop() {
      if (hasEnded(child)) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function untilReady(worker: WorkerProcess, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_PATIENCE_MS;
  while (!(await isReady().catch(() => false))) {
    if (hasEnded(worker.process) || Date.now() > deadline) {
      await worker.stop();
      throw new Error(`the worker did not start:\n${worker.output()}`);
    }
    await sleep(50);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
