/** What tests need that npm does not install with the project: made on first use, under the user's cache folder. */
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { tryLock } from '../../src/services/lock.ts';

/**
 * Path of the folder. A second process waits for the first.
 *
 * @param name - changes with what is in it.
 * @param install - fills the folder, which may hold what an attempt left that was killed.
 */
export function installOnce(name: string, install: (folder: string) => void): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'omegaml-node', name);
  const complete = join(folder, 'complete');
  while (!existsSync(complete)) {
    const release = tryLock(`${folder}.lock`);
    if (release === null) {
      sleep(500);
      continue;
    }
    try {
      if (!existsSync(complete)) install(folder);
      writeFileSync(complete, '');
    } finally {
      release();
    }
  }
  return folder;
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
