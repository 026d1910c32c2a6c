/** Workers as a cluster keeps them: each is started again when it ends, for whatever reason. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LOOPBACK } from '../../../src/services/tcp.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { reservePort } from './ports.ts';

/** Of this build. */
const DIST = fileURLToPath(new URL('../../../', import.meta.url));
export const SLOTS = 2;
const RESTART_AFTER_MS = 300;
const PROBE_PATIENCE_MS = 1_000;
const STOP_PATIENCE_MS = 30_000;

export interface WorkerOptions {
  /** All of them consume it; each one also has a queue of its own, of this name, a dot and the worker's. */
  readonly queue: string;
  readonly broker: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the build that it runs, with the tasks of the stream in it. Default: this one. */
  readonly dist?: string;
}

/** The end of a process that nobody has asked for. */
export interface UnexpectedEnd {
  readonly worker: string;
  readonly at: number;
  readonly how: string;
}

export interface ChaosWorker {
  readonly name: string;
  /** Consumed by this worker alone. */
  readonly ownQueue: string;
  /** Before its connections to the broker. */
  readonly proxy: TcpProxy;
  readonly log: string;
  /** Of the supervisor. */
  readonly pid: number;
  /** How often it was started. */
  readonly starts: number;
  /** What its supervisor has started: executors, and what guards them. */
  childPids(): number[];
  executorPids(): number[];
  isReady(): Promise<boolean>;
  /** Sends a signal to the supervisor, whose end is then no surprise. */
  end(signal: NodeJS.Signals): void;
  /** Sends a signal to the supervisor that does not end it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

export interface Workers {
  readonly all: readonly ChaosWorker[];
  readonly unexpectedEnds: readonly UnexpectedEnd[];
  /** Stops all with SIGTERM for good. @returns the names of those that did not end well. */
  stop(): Promise<string[]>;
  /** Ends all at once, for good. */
  kill(): void;
}

export async function startWorkers(count: number, options: WorkerOptions): Promise<Workers> {
  const unexpectedEnds: UnexpectedEnd[] = [];
  const started = await Promise.all(
    Array.from({ length: count }, (_, index) => startWorker(`w${index + 1}`, options, unexpectedEnds)),
  );
  return {
    all: started.map(({ worker }) => worker),
    unexpectedEnds,
    async stop() {
      const statuses = await Promise.all(started.map(({ stop }) => stop()));
      return started.filter((_, index) => statuses[index] !== 0).map(({ worker }) => worker.name);
    },
    kill() {
      for (const { kill } of started) kill();
    },
  };
}

export interface StartedWorker {
  readonly worker: ChaosWorker;
  /** Answers with the exit status. */
  stop(): Promise<number | null>;
  kill(): void;
}

export async function startWorker(
  name: string,
  { queue, broker, folder, env, dist = DIST }: WorkerOptions,
  unexpectedEnds: UnexpectedEnd[],
): Promise<StartedWorker> {
  const [proxy, port] = [await startTcpProxy(broker, { records: false }), await reservePort()];
  const url = `http://${LOOPBACK}:${port}`;
  const ownQueue = `${queue}.${name}`;
  const log = join(folder, `${name}.log`);
  const flags = ['-Q', `${queue},${ownQueue}`, '-c', String(SLOTS), '-n', `${name}@chaos`];
  const [cli, tasks] = [join(dist, 'src/cli/main.js'), join(dist, 'test/chaos/tasks.js')];
  const args = ['--enable-source-maps', cli, 'worker', tasks, ...flags, '--http-port', String(port), '-E'];
  let child: ChildProcess;
  let starts = 0;
  let wasReady = false;
  let isToEnd = false;
  let isStopping = false;

  function start(): void {
    const file = openSync(log, 'a');
    starts += 1;
    [wasReady, isToEnd] = [false, false];
    child = spawn(process.execPath, args, {
      cwd: folder,
      detached: true,
      env: { ...env, OMEGA_BROKER: proxy.url(broker) },
      stdio: ['ignore', file, file],
    });
    closeSync(file);
    child.once('exit', (status, signal) => ended(signal ?? `status ${status}`));
  }

  function ended(how: string): void {
    note(`the suite saw ${name} end: ${how}`);
    // One that could not start, because a server was away, is started again, and nothing else.
    if (!isToEnd && !isStopping && wasReady) unexpectedEnds.push({ worker: name, at: Date.now(), how });
    if (!isStopping) setTimeout(() => isStopping || start(), RESTART_AFTER_MS);
  }

  function note(text: string): void {
    const file = openSync(log, 'a');
    writeSync(file, `${JSON.stringify({ time: new Date().toISOString(), msg: text })}\n`);
    closeSync(file);
  }

  async function isReady(): Promise<boolean> {
    const signal = AbortSignal.timeout(PROBE_PATIENCE_MS);
    const current = child;
    const ok = await fetch(`${url}/readyz`, { signal }).then(
      (response) => response.ok,
      () => false,
    );
    if (ok && current === child) wasReady = true;
    return ok;
  }

  start();
  const worker: ChaosWorker = {
    ...{ name, ownQueue, proxy, log, isReady },
    get pid() {
      return child.pid ?? 0;
    },
    get starts() {
      return starts;
    },
    childPids: () => childrenOf(child.pid),
    executorPids: () => childrenOf(child.pid).filter(isExecutor),
    end(signal) {
      isToEnd = true;
      note(`the suite sends ${signal} to ${name}`);
      child.kill(signal);
    },
    signal: (signal) => void child.kill(signal),
  };
  return {
    worker,
    async stop() {
      isStopping = true;
      const current = child;
      current.kill('SIGTERM');
      const deadline = Date.now() + STOP_PATIENCE_MS;
      while (!hasEnded(current) && Date.now() < deadline) await sleep(50);
      await proxy.close();
      return hasEnded(current) ? current.exitCode : null;
    },
    kill() {
      isStopping = true;
      child.kill('SIGKILL');
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function childrenOf(pid: number | undefined): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return children.trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function isExecutor(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/executor.js');
  } catch {
    return false;
  }
}
