/** How omega|ml lays a DataFrame out as documents: one per row, the row index in fields of its own. */
import { isDeepStrictEqual } from 'node:util';
import { InvalidData } from '../errors.ts';
import type { Column } from '../frame/column.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { Metadata } from './metadata.ts';

/** Position of the row, from 0. */
export const ROW_ID = '_om#rowid';
const INDEX_PREFIX = '_idx#';
/** Fields that are no columns, or that JavaScript objects do not take for one. */
const RESERVED: ReadonlySet<string> = new Set(['', '_id', '__proto__']);

/** The `kind_meta` of a DataFrame. */
export interface RowsMeta {
  /** [name in pandas, field]; index fields first, {@link ROW_ID} last. */
  readonly columns: readonly (readonly [string, string])[];
  /** Field → numpy's or pandas' name of the type. */
  readonly dtypes: Readonly<Record<string, string>>;
  readonly idx_meta: { readonly names: readonly (string | null)[] };
}

/** A column with the field that it is stored in. */
interface StoredColumn {
  readonly name: string;
  readonly field: string;
  readonly column: Column;
}

/** The fields of a frame's documents, in order: index levels, then columns. {@link ROW_ID} comes last. */
export interface RowLayout {
  readonly fields: readonly StoredColumn[];
  readonly indexFields: readonly string[];
  readonly meta: RowsMeta;
}

/** @throws InvalidData when two columns would get the same field, or one has a name that is reserved. */
export function layOutRows(frame: DataFrame): RowLayout {
  const levels = frame.index.length > 0 ? frame.index : [defaultIndex(frame.rowCount)];
  const index = levels.map(({ name, column }, level) => {
    const field = `${INDEX_PREFIX}${level}_${name || level}`;
    return { name: field, field: toField(field), column };
  });
  const columns = [...frame.columns].map(([name, column]) => ({ name, field: toField(name), column }));
  checkFields(columns);
  const fields = [...index, ...columns];
  const dtypes = fields.map(({ field, column }) => [field, dtypeOf(column)]);
  const meta: RowsMeta = {
    columns: [...fields.map(({ name, field }) => [name, field] as const), [ROW_ID, ROW_ID]],
    dtypes: { ...Object.fromEntries(dtypes), [ROW_ID]: 'int64' },
    idx_meta: { names: levels.map(({ name }) => name) },
  };
  return { fields, indexFields: index.map(({ field }) => field), meta };
}

/**
 * Rows with other index levels would leave a level without labels in each row.
 *
 * @throws InvalidData when rows of this layout cannot be appended to an object, for its index differs.
 */
export function requireSameIndex({ name, kindMeta }: Metadata, { indexFields }: RowLayout): void {
  const present = columnPairs(kindMeta).map(([, field]) => field);
  const levels = present.filter((field) => indexLevel(field) !== null);
  if (present.length === 0 || isDeepStrictEqual(levels, [...indexFields])) return;
  throw new InvalidData(
    `'${name}' has the index ${describeIndex(levels)}, and the rows to append have ${describeIndex(indexFields)}: give them the same index, or replace the dataset with { append: false }`,
  );
}

/** The `kind_meta` after an append: the newest types, and every column that ever was. */
export function mergeRowsMeta(before: Readonly<Record<string, unknown>>, added: RowsMeta): RowsMeta {
  const known = new Set(added.columns.map(([, field]) => field));
  const kept = columnPairs(before).filter(([, field]) => !known.has(field));
  const { dtypes = {} } = before;
  return {
    ...added,
    columns: [...added.columns.slice(0, -1), ...kept, [ROW_ID, ROW_ID]],
    dtypes: { ...(typeof dtypes === 'object' ? dtypes : {}), ...added.dtypes },
  };
}

/** The fields that hold columns, in order; null when the metadata do not tell. */
export function columnFields(kindMeta: Readonly<Record<string, unknown>>): string[] | null {
  const pairs = columnPairs(kindMeta);
  return pairs.length > 0 ? pairs.map(([, field]) => field).filter(isColumnField) : null;
}

/** Names of the index levels; null for a level without one. */
export function indexNames(kindMeta: Readonly<Record<string, unknown>>): (string | null)[] {
  const { idx_meta: meta } = kindMeta;
  const names: unknown = typeof meta === 'object' && meta !== null && 'names' in meta ? meta.names : [];
  return Array.isArray(names) ? names.map((name) => (typeof name === 'string' ? name : null)) : [];
}

/** Level of the index that a field holds, null for another field. */
export function indexLevel(field: string): number | null {
  const level = /^_idx#(\d+)_/.exec(field)?.[1];
  return level === undefined ? null : Number(level);
}

/** Whether a field holds a column, and not the index or the row id. */
export function isColumnField(field: string): boolean {
  return field !== ROW_ID && !field.startsWith(INDEX_PREFIX);
}

function columnPairs({ columns }: Readonly<Record<string, unknown>>): (readonly [string, string])[] {
  if (!Array.isArray(columns)) return [];
  return columns.flatMap((pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 ? [[String(pair[0]), String(pair[1])] as const] : [],
  );
}

function describeIndex(fields: readonly string[]): string {
  return `(${fields.map((field) => field.replace(/^_idx#\d+_/, '')).join(', ')})`;
}

function defaultIndex(rowCount: number): { name: null; column: Column } {
  return {
    name: null,
    column: { type: 'int32', values: Int32Array.from({ length: rowCount }, (_, row) => row) },
  };
}

/** A dot would be taken for a path. omega|ml does the same, and does not undo it either. */
function toField(name: string): string {
  return name.replaceAll('.', '_');
}

function checkFields(columns: readonly StoredColumn[]): void {
  const names = new Map<string, string>();
  for (const { name, field } of columns) {
    if (!isColumnField(field) || RESERVED.has(field) || /\0|^\$/.test(field)) {
      throw new InvalidData(`'${name}' cannot be the name of a stored column: rename the column`);
    }
    const other = names.get(field);
    if (other !== undefined) {
      throw new InvalidData(`columns '${other}' and '${name}' are both stored as '${field}': rename one`);
    }
    names.set(field, name);
  }
}

function dtypeOf(column: Column): string {
  const hasNulls = column.type !== 'object' && column.nulls !== undefined;
  switch (column.type) {
    case 'float64':
      if (!column.integral) return 'float64';
      return hasNulls ? 'Int64' : 'int64';
    case 'float32':
      return 'float32';
    case 'int32':
    case 'int64':
      return hasNulls ? 'Int64' : 'int64';
    case 'bool':
      return hasNulls ? 'boolean' : 'bool';
    case 'datetime':
      return 'datetime64[ns]';
    default:
      return 'object';
  }
}
