/**
 * A limit on what an executor may allocate, so that a typed array that is too large is refused (RangeError) and its task
 * fails, before the supervisor, or the kernel of the system, has to end the executor.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const MIB = 2 ** 20;
/** Of its stack a thread uses little, but all of it is counted as data. */
const THREAD_MIB = 5;

/**
 * Sets the limit where the system has a command for it (`prlimit` of util-linux).
 *
 * @param kibibytes that may be in use: what is only reserved, now and by the threads to come, is put on top.
 * @param threads that this process will start.
 * @returns whether it is set.
 */
export function limitData(kibibytes: number, threads: number): boolean {
  try {
    const limit = kibibytes * 1024 + reservedBytes() + threads * THREAD_MIB * MIB;
    // The soft limit alone: a kernel that reserves more than it uses may raise its own.
    execFileSync('prlimit', ['--pid', String(process.pid), `--data=${limit}:`], { stdio: 'ignore' });
    return true;
  } catch {
    // No /proc or no such command: the supervisor watches what is in use.
    return false;
  }
}

/** Data that is not backed by memory. */
function reservedBytes(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return bytesOf(status, 'VmData') - bytesOf(status, 'RssAnon');
}

function bytesOf(status: string, field: string): number {
  const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return Number(kibibytes) * 1024;
}
