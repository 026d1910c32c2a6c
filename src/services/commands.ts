/** Programs of this machine. */
import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** Runs a program to its end and gives what it printed; throws when it cannot start or fails. */
export const run = promisify(execFile);

/** The full path of a program in the folders of `PATH`; null when there is none. */
export function findOnPath(program: string, path: string | undefined): string | null {
  for (const folder of (path ?? '').split(delimiter)) {
    const file = join(folder, program);
    if (folder && isExecutable(file)) return file;
  }
  return null;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Full paths of what a folder holds, in order; none when there is no such folder. */
export function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
