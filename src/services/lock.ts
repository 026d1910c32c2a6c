/** Lock files: one process at a time, across processes; what a dead process left is taken over. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJsonFile } from './json-file.ts';
import { isRunning, type ProcessRecord, recordProcess } from './process-record.ts';

/** Runs `action` while holding the lock file; waits while another live process holds it. */
export async function withLock<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  let release = tryLock(path);
  while (release === null) {
    await sleep(100);
    release = tryLock(path);
  }
  try {
    return await action();
  } finally {
    release();
  }
}

/** Takes the lock and returns what releases it, or null when a live process holds it (try again later). */
export function tryLock(path: string): (() => void) | null {
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, JSON.stringify(recordProcess(process.pid)), { flag: 'wx' });
    return () => rmSync(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  // Null while the file is being written, or has just been removed.
  const holder = readJsonFile<ProcessRecord>(path);
  if (holder !== null && !isRunning(holder)) rmSync(path, { force: true });
  return null;
}
