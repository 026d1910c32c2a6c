/**
 * Watches the memory that executors really take. V8's limit counts its heap only: typed arrays, native code and kernels
 * are beside it, and the kernel of the system, which counts everything, may end the supervisor instead.
 */
import { readFileSync } from 'node:fs';
import type { ExecutorProcess } from './executor-process.ts';

export interface MemoryOptions {
  /** KiB that an executor may take, with its kernels; null for no limit. */
  readonly limit: number | null;
  /** Bytes that the node has. */
  readonly available: number;
  /** Called when memory becomes short while jobs run, and when it is short no longer. */
  readonly onShort?: (isShort: boolean) => void;
}

const CHECK_EVERY_MS = 200;
/** Shares of the node's memory: from where on it is short, until where, and where something must go. */
const SHORT_ABOVE = 0.85;
const SHORT_UNTIL = 0.8;
const FULL = 0.95;
const MIB = 2 ** 20;

/**
 * Ends an executor above the limit, and the largest one when the node is full. Where there is no `/proc` (macOS) nothing is
 * watched.
 *
 * @returns what ends the watch.
 */
export function watchMemory(executors: ReadonlySet<ExecutorProcess>, options: MemoryOptions): () => void {
  const { limit, available, onShort } = options;
  let isShort = false;
  const timer = setInterval(check, CHECK_EVERY_MS).unref();

  function check(): void {
    const used = [...executors].map((executor) => ({ executor, bytes: memoryOf(executor.pids) }));
    for (const { executor, bytes } of used)
      if (limit !== null && bytes > limit * 1024) endOver(executor, bytes, limit);
    const total = memoryOf([process.pid]) + used.reduce((sum, { bytes }) => sum + bytes, 0);
    const [largest] = used.toSorted((a, b) => b.bytes - a.bytes);
    if (largest && total > FULL * available) makeRoom(largest.executor, largest.bytes, available);
    tell(total);
  }

  function tell(total: number): void {
    const isAbove = total > (isShort ? SHORT_UNTIL : SHORT_ABOVE) * available;
    const isNow = isAbove && [...executors].some(({ running }) => running !== undefined);
    if (isNow !== isShort) onShort?.(isNow);
    isShort = isNow;
  }

  return () => clearInterval(timer);
}

/** One that has ended its job, and kept what it took for that, need only go. */
function endOver(executor: ExecutorProcess, bytes: number, limit: number): void {
  if (executor.running) executor.killFor(executor.running, { kind: 'memory-limit', bytes, limit });
  else executor.retire();
}

/** It may be no fault of the job that runs: there is too little for all of them together. */
function makeRoom(executor: ExecutorProcess, bytes: number, available: number): void {
  const detail = `the node is out of memory: it took ${Math.round(bytes / MIB)} of ${Math.round(available / MIB)} MiB`;
  if (executor.running) executor.killFor(executor.running, { kind: 'lost', started: true, detail });
  else executor.kill();
}

/** Bytes of memory that are not those of files. What of a process that is gone, or where nobody says: none. */
function memoryOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + readMemory(pid), 0);
}

function readMemory(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const parts = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)];
    return parts.reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0);
  } catch {
    return 0;
  }
}
