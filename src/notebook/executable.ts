import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, resolve } from 'node:path';

/** Path of a program, looked for in `searchPath` (the form of `PATH`) unless it names a folder; else null. */
export async function findExecutable(program: string, searchPath: string): Promise<string | null> {
  if (isAbsolute(program) || program.includes('/')) {
    return (await isExecutable(program)) ? resolve(program) : null;
  }
  for (const folder of searchPath.split(delimiter)) {
    const path = resolve(folder, program);
    if (folder !== '' && (await isExecutable(path))) return path;
  }
  return null;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
