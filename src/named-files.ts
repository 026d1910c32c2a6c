/** The files that a path names: those of a folder, or those that match its wildcards (Python's `glob`). */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { globSource } from './protocol/glob.ts';

/** In alphabetical order. What begins with a dot is hidden. A path without wildcards is given back as it is. */
export function namedFiles(path: string): string[] {
  const pattern = isFolder(path) ? join(path, '*') : path;
  const [, ...names] = resolve(pattern).split('/');
  const found = names.reduce((folders, name) => folders.flatMap((folder) => matches(folder, name)), ['']);
  return found.filter((file) => !isFolder(file)).sort();
}

function matches(folder: string, name: string): string[] {
  if (!/[*?[]/.test(name)) return [`${folder}/${name}`];
  const pattern = new RegExp(`^(?!\\.)${globSource(name)}$`, 's');
  return entriesOf(folder)
    .filter((entry) => pattern.test(entry))
    .map((entry) => `${folder}/${entry}`);
}

function entriesOf(folder: string): string[] {
  return isFolder(folder || '/') ? readdirSync(folder || '/') : [];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
