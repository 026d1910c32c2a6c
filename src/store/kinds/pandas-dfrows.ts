/** DataFrames, a document per row. A put takes a list of plain objects as well. */
import { InvalidData } from '../../errors.ts';
import type { Column } from '../../frame/column.ts';
import { ColumnBuilder } from '../../frame/column-builder.ts';
import { DataFrame, type IndexLevel } from '../../frame/data-frame.ts';
import { isPlainObject } from '../../frame/tabular.ts';
import { writeDocuments } from '../document-write.ts';
import { ensureIndex } from '../indexes.ts';
import { collectionToRead, type Kind, type KindContext, type Read, type Write } from '../kind.ts';
import type { Metadata } from '../metadata.ts';
import type { StoredData } from '../metadata-store.ts';
import { selectColumns } from '../names.ts';
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
import { type FieldColumns, readFields } from '../row-reader.ts';
import { writeRows } from '../row-writer.ts';

export const pandasDfrows: Kind<DataFrame> = {
  name: 'pandas.dfrows',
  appends: true,
  supports: (value) => value instanceof DataFrame || isListOfObjects(value),
  put: (value, write, context) =>
    putRows(isListOfObjects(value) ? DataFrame.fromRows(value) : value, write, context),
  get: getRows,
};

function isListOfObjects(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0 && value.every(isPlainObject);
}

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
    await writeRows(into, layout, value.rowCount, write.writeId);
    await ensureIndex(into, layout.indexFields);
    await ensureIndex(into, [ROW_ID]);
  });
  const meta = target ? mergeRowsMeta(target.kindMeta, layout.meta) : layout.meta;
  return { collection, kindMeta: { ...meta } };
}

/** In the order of the row ids. @throws InvalidData when a column is selected that is not there. */
export async function getRows(
  metadata: Metadata,
  { columns, signal }: Read,
  context: KindContext,
): Promise<DataFrame> {
  const { kindMeta } = metadata;
  const known = columnFields(kindMeta);
  const selected = columns !== null && known ? selectColumns(columns, known) : null;
  const read = await readFields(
    context.mongo,
    collectionToRead(metadata, context),
    selected && [...selected, ROW_ID],
    signal,
  );
  const names = selected ?? withUnknown(known ?? [], read);
  const frame = new DataFrame(
    new Map(
      names.map((field) => [field, read.fields.get(field) ?? new ColumnBuilder().build(read.rowCount)]),
    ),
    rowIndex(read, kindMeta),
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

function rowIndex({ fields }: FieldColumns, kindMeta: Readonly<Record<string, unknown>>): IndexLevel[] {
  const names = indexNames(kindMeta);
  const levels = [...fields]
    .map(([field, column]) => ({ level: indexLevel(field), column }))
    .filter((entry): entry is { level: number; column: Column } => entry.level !== null)
    .sort((one, other) => one.level - other.level)
    .map(({ level, column }) => ({ name: names[level] ?? null, column }));
  const [first, ...others] = levels;
  return first && others.length === 0 && first.name === null && isDefaultIndex(first.column) ? [] : levels;
}

function isDefaultIndex(column: Column): boolean {
  return column.type === 'int32' && !column.nulls && column.values.every((label, row) => label === row);
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
