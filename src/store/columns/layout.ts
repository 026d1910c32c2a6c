/** The metadata of a columnar dataset: its columns with their types, and the parts that were put. */
import { CorruptObject, InvalidData } from '../../errors.ts';
import type { Column } from '../../frame/column.ts';
import type { DataFrame } from '../../frame/data-frame.ts';
import { ObjectId } from '../../mongo/bson.ts';
import type { Metadata } from '../metadata.ts';
import { commonType, isStoredType, type StoredType, storedType } from './stored-type.ts';

/** A column, or a level of the index, as the metadata name it. */
export interface StoredColumn {
  /** Null for a level of the index without a name. */
  readonly name: string | null;
  /** Where the blocks hold it. */
  readonly field: string;
  /** Null while it has no value. */
  readonly type: StoredType | null;
}

/** What one put has written: blocks of rows, whose ids follow from the first. */
export interface Part {
  readonly id: ObjectId;
  /** Of each block. */
  readonly rows: readonly number[];
  /** Of all blocks together. */
  readonly bytes: number;
}

/** A columnar dataset. */
export interface ColumnLayout {
  /** Levels of the index first. */
  readonly columns: readonly StoredColumn[];
  /** In the order of their rows. */
  readonly parts: readonly Part[];
}

/** The fields of `kind_meta` that an append replaces. */
interface ColumnsMeta {
  /** [name, field, type]. */
  readonly columns: readonly (readonly [string | null, string, StoredType | null])[];
}

/** The columns of a frame by the fields that they are stored in. */
export type FieldColumns = ReadonlyMap<string, Column>;

/** More rows than that are not read at once, whatever the metadata say. */
const MAX_ROWS = 2 ** 31 - 1;
const INDEX_FIELD = /^#\d+$/;

/** Whether a field holds a level of the index. */
export function isIndexField(field: string): boolean {
  return INDEX_FIELD.test(field);
}

export function fieldsOf(frame: DataFrame): FieldColumns {
  return new Map([
    ...frame.index.map(({ column }, level) => [`#${level}`, column] as const),
    ...[...frame.columns].map(([name, column]) => [toField(name), column] as const),
  ]);
}

/** @throws InvalidData when a column has no columnar form. */
export function columnsOf(frame: DataFrame): StoredColumn[] {
  const levels = frame.index.map(({ name, column }, level) => {
    return { name, field: `#${level}`, type: storedType(column, name ?? `index ${level}`) };
  });
  const columns = [...frame.columns].map(([name, column]) => {
    return { name, field: toField(name), type: storedType(column, name) };
  });
  return [...levels, ...columns];
}

/**
 * The columns after an append: those that are there, then the new ones.
 *
 * @throws InvalidData when the index differs, or a column cannot hold what is added to it.
 */
export function mergeColumns(
  name: string,
  present: readonly StoredColumn[],
  added: readonly StoredColumn[],
): StoredColumn[] {
  requireSameIndex(name, present, added);
  const merged = present.map((column) => {
    const other = added.find(({ field }) => field === column.field);
    return other ? { ...column, type: requireCommonType(name, column, other) } : column;
  });
  return [...merged, ...added.filter(({ field }) => !present.some((column) => column.field === field))];
}

export function columnsMeta(columns: readonly StoredColumn[]): ColumnsMeta {
  return { columns: columns.map(({ name, field, type }) => [name, field, type]) };
}

/** @throws CorruptObject when the metadata are not those of a columnar dataset. */
export function readLayout({ name, kindMeta }: Metadata): ColumnLayout {
  const { columns, parts } = kindMeta;
  if (!Array.isArray(columns) || !Array.isArray(parts)) throw corrupt(name);
  const layout = {
    columns: columns.map((entry: unknown) => readColumn(name, entry)),
    parts: parts.map((entry: unknown) => readPart(name, entry)),
  };
  const rowCount = layout.parts.flatMap(({ rows }) => rows).reduce((sum, rows) => sum + rows, 0);
  if (rowCount > MAX_ROWS) throw corrupt(name);
  return layout;
}

/** A name of any characters as a field that MongoDB takes for one, and for no path, operator or level of the index. */
function toField(name: string): string {
  if (name === '') return '%';
  return name.replaceAll(/[%.$#\0]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function requireSameIndex(
  dataset: string,
  present: readonly StoredColumn[],
  added: readonly StoredColumn[],
): void {
  const [before, now] = [describeIndex(present), describeIndex(added)];
  if (before === now) return;
  throw new InvalidData(
    `'${dataset}' has the index ${before}, and the rows to append have ${now}: give them the same index, or replace the dataset with { append: false }`,
  );
}

function describeIndex(columns: readonly StoredColumn[]): string {
  const levels = columns.filter(({ field }) => isIndexField(field));
  return `(${levels.map(({ name, field }) => name ?? field).join(', ')})`;
}

function requireCommonType(dataset: string, present: StoredColumn, added: StoredColumn): StoredType | null {
  const type = commonType(present.type, added.type);
  if (type !== undefined) return type;
  throw new InvalidData(
    `column '${present.name ?? present.field}' of '${dataset}' is ${present.type}, and ${added.type} cannot be appended to it: convert the values, or replace the dataset with { append: false }`,
  );
}

function readColumn(dataset: string, entry: unknown): StoredColumn {
  if (!Array.isArray(entry)) throw corrupt(dataset);
  const [name, field, type]: unknown[] = entry;
  const isNamed = typeof name === 'string' || name === null;
  if (isNamed && typeof field === 'string' && (type === null || isStoredType(type))) {
    return { name, field, type };
  }
  throw corrupt(dataset);
}

function readPart(dataset: string, entry: unknown): Part {
  const { id, rows, bytes }: Partial<Record<keyof Part, unknown>> = Object(entry);
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  if (id instanceof ObjectId && Array.isArray(rows) && rows.every(isCount) && isCount(bytes)) {
    return { id, rows, bytes };
  }
  throw corrupt(dataset);
}

function corrupt(dataset: string): CorruptObject {
  return new CorruptObject(`the metadata of '${dataset}' are not those of columns: put the dataset again`);
}
