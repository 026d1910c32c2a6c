/** A worker node under test: its own process, its own queue and database. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { connectMongo } from '../../src/mongo/client.ts';
import { connect, type Omega } from '../../src/omega.ts';
import { brokerUrl, mongoUrl } from './services.ts';

const CLI = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const TASKS = fileURLToPath(new URL('../../dist/test/support/tasks.js', import.meta.url));

/** A queue and a database that only one test uses. */
export interface Place {
  readonly queue: string;
  readonly mongoUrl: string;
  readonly broker: string;
  /** Further environment of its workers. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface TestWorker {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Where /metrics, /livez and /readyz are. */
  readonly url: string;
  /** The lines it has logged. */
  readonly lines: Record<string, unknown>[];
  /** What it has written to standard error. */
  stderr(): string;
  executorPids(): number[];
  /** Ends it with SIGTERM; answers with its exit status. */
  stop(): Promise<number | null>;
}

export function usePlace(broker = brokerUrl()): Place {
  const name = `test_${randomUUID().slice(0, 8)}`;
  const url = mongoUrl(name);
  onTestFinished(async () => {
    const mongo = await connectMongo(url);
    await mongo.db.dropDatabase();
    await mongo.close();
  });
  return { queue: name, mongoUrl: url, broker };
}

/**
 * Starts `omega worker` with the tasks of tests; resolves when it consumes. `nodeFlags` are the supervisor's; `launcher` is a
 * command that runs it.
 */
export async function useWorker(
  place: Place,
  flags: readonly string[] = [],
  nodeFlags: readonly string[] = [],
  launcher: readonly string[] = [],
): Promise<TestWorker> {
  const child = spawnWorker(place, 'pipe', flags, nodeFlags, launcher);
  let stderr = '';
  child.stderr?.on('data', (data) => {
    stderr += data;
    process.stderr.write(data);
  });
  const lines: Record<string, unknown>[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`the worker ended with status ${code}: ${JSON.stringify(lines)}`)),
    );
    if (child.stdout === null) throw new Error('the output of the worker is not on a pipe');
    createInterface(child.stdout).on('line', (text) => {
      const line = parseLine(text);
      lines.push(line);
      if (line.msg === 'ready') resolve(String(line.metrics).replace('/metrics', ''));
    });
  });
  const pid = child.pid ?? 0;
  return {
    process: child,
    pid,
    url,
    lines,
    stderr: () => stderr,
    executorPids: () => childrenOf(pid),
    stop: () => stopProcess(child),
  };
}

/** Starts `omega worker`; `output` is where its log goes: a pipe, or a file. It is ended after the test. */
export function spawnWorker(
  place: Place,
  output: 'pipe' | number,
  flags: readonly string[] = [],
  nodeFlags: readonly string[] = [],
  launcher: readonly string[] = [],
): ChildProcess {
  const name = `${place.queue}-${randomUUID().slice(0, 4)}@test`;
  const omega = [
    process.execPath,
    ...nodeFlags,
    CLI,
    'worker',
    TASKS,
    '-Q',
    place.queue,
    '-c',
    '2',
    '-n',
    name,
    '--http-port',
    '0',
    ...flags,
  ];
  const [command = '', ...args] = [...launcher, ...omega];
  const child = spawn(command, args, {
    env: {
      ...process.env,
      ...place.environment,
      OMEGA_MONGO_URL: place.mongoUrl,
      OMEGA_BROKER: place.broker,
    },
    stdio: ['ignore', output, 'pipe'],
  });
  onTestFinished(() => stopProcess(child).then(() => undefined));
  return child;
}

/** A client whose tasks go to the place's queue. */
export async function useClient(place: Place): Promise<Omega> {
  const om = await connect({ mongoUrl: place.mongoUrl, broker: place.broker, queues: place.queue });
  onTestFinished(() => om.close());
  return om;
}

/** A file for tasks to leave traces in, and a function that reads its lines. */
export function useTrace(): { path: string; lines(): string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'omega-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'trace');
  return { path, lines: () => readLines(path) };
}

/** Whether a process runs; one that has ended and waits to be reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    const [, state] = /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state !== 'Z';
  } catch {
    // No such process.
    return false;
  }
}

/** The value of a metric, 0 where it is not there (yet). */
export async function metric(worker: TestWorker, name: string): Promise<number> {
  const text = await (await fetch(`${worker.url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length) ?? 0,
  );
}

/** Processes whose parent is `pid`, by /proc. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    // No task has written yet.
    return [];
  }
}

function parseLine(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return { msg: text };
  }
}

async function stopProcess(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const stopped = await Promise.race([exited.then(() => true), delay(15_000, false)]);
  if (!stopped) child.kill('SIGKILL');
  await exited;
  return child.exitCode;
}
