/** Lock files: one process at a time, across processes; what a dead process left is taken over. */
import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJsonFile } from './json-file.ts';
import { isRunning, type ProcessRecord, recordProcess } from './process-record.ts';

const UNREADABLE_PATIENCE_MS = 5_000;

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
  if (createLock(path)) return () => rmSync(path, { force: true });
  if (isStale(path)) removeStale(path);
  return null;
}

/** False when there is a lock. It gets its name when its content is complete: a reader never sees half of it. */
function createLock(path: string): boolean {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  try {
    writeFileSync(draft, JSON.stringify(recordProcess(process.pid)));
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Whether nobody holds it: its process has ended, or it never became readable. */
function isStale(path: string): boolean {
  const holder = readJsonFile<ProcessRecord>(path);
  if (holder !== null) return !isRunning(holder);
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
  return Date.now() - written > UNREADABLE_PATIENCE_MS;
}

/**
 * Under a lock of its own, and after another look: of two that see a stale lock, the slower one must not remove
 * the new lock of the faster one.
 */
function removeStale(path: string): void {
  const release = tryLock(`${path}.takeover`);
  if (release === null) return;
  try {
    if (isStale(path)) rmSync(path, { force: true });
  } finally {
    release();
  }
}
