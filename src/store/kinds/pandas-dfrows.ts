/** DataFrames, a document per row. A put takes a list of plain objects as well. */
import { InvalidData } from '../../errors.ts';
import type { Column } from '../../frame/column.ts';
import { ColumnBuilder } from '../../frame/column-builder.ts';
import { requireUniqueNames } from '../../frame/column-names.ts';
import { DataFrame, type IndexLevel } from '../../frame/data-frame.ts';
import { isListOfObjects } from '../../frame/tabular.ts';
import { writeDocuments } from '../document-write.ts';
import { ensureIndex } from '../indexes.ts';
import {
  type BlocksRead,
  collectionToRead,
  type Kind,
  type KindContext,
  type Read,
  type Write,
} from '../kind.ts';
import type { Metadata } from '../metadata.ts';
import type { StoredData } from '../metadata-store.ts';
import { selectColumns } from '../names.ts';
import { toMongoFilter } from '../row-filter.ts';
import {
  columnFields,
  indexLevel,
  indexNames,
  isColumnField,
  layOutRows,
  mergeRowsMeta,
  ROW_ID,
  requireSameIndex,
} from '../row-layout.ts';
import { type FieldColumns, type FieldsQuery, readFields, readFieldsInBlocks } from '../row-reader.ts';
import { writeRows } from '../row-writer.ts';

export const pandasDfrows: Kind<DataFrame> = {
  name: 'pandas.dfrows',
  appends: true,
  supports: (value) => value instanceof DataFrame || isListOfObjects(value),
  put: (value, write, context) =>
    putRows(isListOfObjects(value) ? DataFrame.fromRows(value) : value, write, context),
  get: getRows,
  blocks: readRowBlocks,
};

/** @throws InvalidData when the value is no DataFrame, or one without rows. */
export async function putRows(value: unknown, write: Write, context: KindContext): Promise<StoredData> {
  if (!(value instanceof DataFrame) || value.rowCount === 0) {
    throw new InvalidData(
      `there are no rows to store as '${write.name}': give a DataFrame with at least one`,
    );
  }
  const layout = layOutRows(value);
  const { target } = write;
  if (target) requireSameIndex(target, layout);
  const collection = await writeDocuments(write, context, async (into) => {
    const rows = { layout, rowCount: value.rowCount, writeId: write.writeId };
    await writeRows(context.mongo, into, rows);
    await ensureIndex(into, layout.indexFields);
    await ensureIndex(into, [ROW_ID]);
  });
  const meta = target ? mergeRowsMeta(target.kindMeta, layout.meta) : layout.meta;
  return { collection, kindMeta: { ...meta } };
}

/**
 * In the order of the row ids.
 *
 * @throws InvalidData when a column is selected or filtered that is not there, or two were stored under one name, of which
 *   MongoDB has kept one.
 */
export async function getRows(metadata: Metadata, read: Read, context: KindContext): Promise<DataFrame> {
  const plan = planReading(metadata, read, context);
  return frameOf(await readFields(context.mongo, plan.query), plan, 0);
}

/** As {@link getRows}, in frames of at most `rows` rows. Types and dictionaries may differ from one to the next. */
export async function* readRowBlocks(
  metadata: Metadata,
  read: BlocksRead,
  context: KindContext,
): AsyncGenerator<DataFrame> {
  const plan = planReading(metadata, read, context);
  let first = 0;
  const order = { rows: read.rows, orderBy: ROW_ID };
  for await (const fields of readFieldsInBlocks(context.mongo, plan.query, order)) {
    yield frameOf(fields, plan, first);
    first += fields.rowCount;
  }
}

interface Plan {
  readonly query: FieldsQuery;
  readonly kindMeta: Metadata['kindMeta'];
  /** The columns that the metadata name; null when they do not tell. */
  readonly known: readonly string[] | null;
  /** The selection of columns; null for all. */
  readonly columns: string | null;
}

function planReading(metadata: Metadata, { columns, filters, signal }: Read, context: KindContext): Plan {
  const { kindMeta } = metadata;
  const known = columnFields(kindMeta);
  requireUniqueNames(known ?? []);
  const unknown = known && filters.find(({ column }) => !known.includes(column));
  if (unknown) {
    throw new InvalidData(`no column '${unknown.column}' to filter by: the columns are ${known.join(', ')}`);
  }
  const query = {
    collection: collectionToRead(metadata, context),
    wanted: columns !== null && known ? [...selectColumns(columns, known), ROW_ID] : null,
    filter: filters.length > 0 ? toMongoFilter(filters) : undefined,
    signal,
  };
  return { query, kindMeta, known, columns };
}

/** @param first the number of rows before these. */
function frameOf(read: FieldColumns, { query, kindMeta, known, columns }: Plan, first: number): DataFrame {
  const names = query.wanted?.filter(isColumnField) ?? withUnknown(known ?? [], read);
  const frame = new DataFrame(
    new Map(
      names.map((field) => [field, read.fields.get(field) ?? new ColumnBuilder().build(read.rowCount)]),
    ),
    rowIndex(read, kindMeta, first),
    read.rowCount,
  );
  const order = rowOrder(read.fields.get(ROW_ID));
  const ordered = order ? frame.take(order) : frame;
  return columns !== null && !known ? ordered.select(selectColumns(columns, ordered.columnNames)) : ordered;
}

/** The columns that the metadata name, then those that only the documents have. */
function withUnknown(known: readonly string[], { fields }: FieldColumns): string[] {
  return [...new Set([...known, ...[...fields.keys()].filter(isColumnField)])];
}

function rowIndex(
  { fields }: FieldColumns,
  kindMeta: Readonly<Record<string, unknown>>,
  first: number,
): IndexLevel[] {
  const names = indexNames(kindMeta);
  const levels = [...fields]
    .map(([field, column]) => ({ level: indexLevel(field), column }))
    .filter((entry): entry is { level: number; column: Column } => entry.level !== null)
    .sort((one, other) => one.level - other.level)
    .map(({ level, column }) => ({ name: names[level] ?? null, column }));
  const [level, ...others] = levels;
  const isDefault = level && others.length === 0 && level.name === null && countsFrom(first, level.column);
  return isDefault ? [] : levels;
}

function countsFrom(first: number, column: Column): boolean {
  return (
    column.type === 'int32' && !column.nulls && column.values.every((label, row) => label === first + row)
  );
}

/** The rows in the order of their ids; null when they are in it already, as nearly always. */
function rowOrder(ids: Column | undefined): number[] | null {
  if (!ids || ids.type === 'object') return null;
  const { values, nulls } = ids;
  // Rows without an id come last, as in pandas.
  const idOf = (row: number): number => (nulls?.[row] === 1 ? Number.MAX_VALUE : Number(values[row]));
  let sorted = 1;
  while (sorted < values.length && idOf(sorted - 1) <= idOf(sorted)) sorted += 1;
  if (sorted >= values.length) return null;
  const rows = Array.from({ length: values.length }, (_, row) => row);
  return rows.sort((one, other) => idOf(one) - idOf(other));
}
