/** Names of stored objects, projections in them, and the keys under which omega|ml files their data. */
import { createHash } from 'node:crypto';
import { InvalidData, InvalidName } from '../errors.ts';
import { requireUniqueNames } from '../frame/column-names.ts';

/** A bucket that is not named. Also the first part of the names of all GridFS collections. */
const DEFAULT_BUCKET = 'omegaml';

/** Longest name of a bucket: that of its collections has at most 255 bytes. */
const MAX_BUCKET = 60;

/** A dataset's name with an optional selection of columns: `sales[x,y]`, `sales[^y]`, `sales[a:b]`. */
export interface DatasetName {
  readonly name: string;
  /** What stands between the brackets, null without brackets. */
  readonly columns: string | null;
}

/**
 * @throws InvalidName when the name is no string, is empty, holds NUL, or starts with `$`.
 */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string') throw new InvalidName(`a name must be a string, not ${describe(name)}`);
  if (name === '') throw new InvalidName('the name is empty: give the name of an object');
  if (name.includes('\0')) throw new InvalidName(`${JSON.stringify(name)} is no valid name: remove the NUL`);
  if (name.startsWith('$')) throw new InvalidName(`'${name}' is no valid name: it must not start with $`);
}

/** @throws InvalidName as {@link checkName}, and when the name would be read as a selection of columns. */
export function checkNewName(name: unknown): asserts name is string {
  if (parseDatasetName(name).columns === null) return;
  throw new InvalidName(`'${String(name)}' selects columns: give the name alone to store an object`);
}

/** @throws InvalidName when a collection's name cannot hold it. */
export function checkBucket(bucket: string): void {
  if (bucket !== '' && bucket.length <= MAX_BUCKET && !/[\0$]/.test(bucket)) return;
  throw new InvalidName(
    `${JSON.stringify(bucket.slice(0, MAX_BUCKET))} is no valid bucket: give a name of at most ${MAX_BUCKET} characters, without NUL and $`,
  );
}

/** @throws InvalidName as {@link checkName}. */
export function parseDatasetName(text: unknown): DatasetName {
  checkName(text);
  const match = /^([^[]+)\[(.*)\]$/s.exec(text);
  if (!match?.[1]) return { name: text, columns: null };
  return { name: match[1], columns: match[2] ?? '' };
}

/**
 * The columns that a selection stands for: `a,b` these, `^a,b` all but these, `a:b` from a to b inclusive
 * (either may be left out).
 *
 * @param all the columns of the dataset, in order.
 * @throws InvalidData when it names a column that is not there, or one twice, or selects none.
 */
export function selectColumns(selection: string, all: readonly string[]): string[] {
  const find = (name: string): number => {
    const position = all.includes(name) ? all.indexOf(name) : all.indexOf(name.trim());
    if (position >= 0) return position;
    throw new InvalidData(`no column '${name}' for [${selection}]: the columns are ${all.join(', ')}`);
  };
  const columns = resolveSelection(selection, all, find);
  if (columns.length > 0) return columns;
  throw new InvalidData(`[${selection}] selects no column: the columns are ${all.join(', ')}`);
}

/** @throws InvalidData when columns are selected from an object that has none. */
export function requireAllColumns(name: string, selection: string | null): void {
  if (selection === null) return;
  throw new InvalidData(`'${name}' is no table, so [${selection}] selects nothing: get it by its name alone`);
}

function resolveSelection(
  selection: string,
  all: readonly string[],
  find: (name: string) => number,
): string[] {
  const range = /^([^,:]*):([^,:]*)$/.exec(selection);
  if (range) {
    const first = range[1] ? find(range[1]) : 0;
    const last = range[2] ? find(range[2]) : all.length - 1;
    return all.slice(first, last + 1);
  }
  if (selection.startsWith('^')) {
    const excluded = new Set(selection.slice(1).split(',').map(find));
    return all.filter((_, position) => !excluded.has(position));
  }
  const columns = selection.split(',').flatMap((name) => all[find(name)] ?? []);
  requireUniqueNames(columns);
  return columns;
}

/**
 * The key under which omega|ml creates an object's collection or file: a hash of bucket, prefix and name
 * (omegaml/store/base.py `object_store_key`). When reading, follow the metadata instead.
 *
 * @param extension as omega|ml gives it, with or without a dot: `.datastore` for collections; `np`, `file`,
 *   `omm` for files.
 */
export function objectKey(bucket: string, prefix: string, name: string, extension: string): string {
  const named = name.endsWith(extension) ? name : `${name}.${extension}`;
  const key = `${bucket}.${prefix}.${named}`.replaceAll('/', '_').replaceAll('..', '.');
  return createHash('sha1').update(key).digest('hex');
}

/** Name of the bucket's GridFS collections, without `.files` and `.chunks`. */
export function fileCollection(bucket: string): string {
  return bucket === DEFAULT_BUCKET ? bucket : `${DEFAULT_BUCKET}_${bucket}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}
