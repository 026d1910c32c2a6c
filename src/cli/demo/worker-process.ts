/** The demo's worker node: a process of its own, found again by the next demo if this one is killed. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnDetached } from '../../services/detached.ts';
import { readJsonFile, writeJsonFile } from '../../services/json-file.ts';
import { isRunning, type ProcessRecord, recordProcess, terminate } from '../../services/process-record.ts';
import { freePort, LOOPBACK } from '../../services/tcp.ts';
import { waitUntilReady } from '../../services/wait.ts';

export interface WorkerProcess {
  readonly pid: number;
  /** Where it serves /metrics, /livez and /readyz. */
  readonly url: string;
  /** Path of its log. */
  readonly log: string;
  /** Warm shutdown; returns when it has ended. */
  stop(): Promise<void>;
}

export interface WorkerProcessOptions {
  readonly folder: string;
  readonly queue: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** What the file says: the worker, and the demo that started it. */
interface WorkerRecord {
  readonly worker: ProcessRecord;
  readonly demo: ProcessRecord | null;
}

const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 30_000;
const MAIN = fileURLToPath(import.meta.resolve('../main.js'));

/**
 * Starts `omega worker` and returns when it consumes. A worker that a killed demo left is ended first.
 *
 * @throws OperationalError when it ends, or does not consume within 60 s.
 */
export async function startWorkerProcess(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const { folder, queue, env, signal } = options;
  const file = join(folder, 'worker.json');
  const log = join(folder, 'worker.log');
  await reap(file);
  mkdirSync(folder, { recursive: true });
  rmSync(log, { force: true });

  const port = await freePort();
  const flags = ['-Q', queue, '-n', 'demo@%h', '--http-host', LOOPBACK, '--http-port', String(port)];
  const args = ['--enable-source-maps', MAIN, 'worker', ...flags];
  const worker = await spawnDetached(process.execPath, args, log, env);
  const record: WorkerRecord = { worker, demo: recordProcess(process.pid) };
  writeJsonFile(file, record);

  const stop = async () => {
    await terminate(worker, STOP_PATIENCE_MS);
    rmSync(file, { force: true });
  };
  const url = `http://${LOOPBACK}:${port}`;
  try {
    const isReady = async () => (await fetch(`${url}/readyz`)).ok;
    await waitUntilReady(
      { name: "the demo's worker", process: worker, log },
      START_PATIENCE_MS,
      isReady,
      signal,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: worker.pid, url, log, stop };
}

/** Ends the worker of a demo that does not run any more. */
async function reap(file: string): Promise<void> {
  const record = readJsonFile<WorkerRecord>(file);
  if (record === null || (record.demo && isRunning(record.demo))) return;
  await terminate(record.worker, STOP_PATIENCE_MS);
}
