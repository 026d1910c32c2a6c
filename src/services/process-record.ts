/** Processes written down in a file: a later run knows from it which ones are still ours. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process id alone does not identify a process: ids are reused. */
export interface ProcessRecord {
  readonly pid: number;
  /** When it started, in the terms of the system: compared, never read. */
  readonly startTime: string;
}

/** The record of a process that runs now; null when there is none. */
export function recordProcess(pid: number): ProcessRecord | null {
  const startTime = readStartTime(pid);
  return startTime === null ? null : { pid, startTime };
}

/** Whether the very process that was recorded still runs. */
export function isRunning(record: ProcessRecord): boolean {
  return readStartTime(record.pid) === record.startTime;
}

/** Ends a recorded process: SIGTERM, and SIGKILL to its process group when it stays. */
export async function terminate(record: ProcessRecord, patienceMs: number): Promise<void> {
  if (!isRunning(record)) return;
  process.kill(record.pid, 'SIGTERM');
  const deadline = Date.now() + patienceMs;
  while (isRunning(record) && Date.now() < deadline) await sleep(50);
  if (!isRunning(record)) return;
  killGroup(record.pid);
  while (isRunning(record)) await sleep(20);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    process.kill(pid, 'SIGKILL');
  }
}

/** Null when there is no such process, or only its zombie. */
function readStartTime(pid: number): string | null {
  if (process.platform !== 'linux') return readStartTimeFromPs(pid);
  try {
    // After the command's closing parenthesis: field 3 is the state, field 22 the start time (proc(5)).
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function readStartTimeFromPs(pid: number): string | null {
  try {
    const printed = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return printed.trim() || null;
  } catch {
    return null;
  }
}
