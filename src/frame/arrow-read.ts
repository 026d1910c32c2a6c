/** Columns from Apache Arrow's format for exchange, as pyarrow, pandas, Polars and DuckDB write it. */
import type { Table, DataType as Type, Vector } from 'apache-arrow';
import { InvalidData, OmegaError } from '../errors.ts';
import { allocateShared, allocateUint8 } from './allocation.ts';
import { type Arrow, loadArrow } from './arrow-package.ts';
import type { Column, NullMask, NumberArray } from './column.ts';
import { ColumnBuilder } from './column-builder.ts';
import { requireUniqueNames } from './column-names.ts';
import { columnFromNumbers } from './column-rows.ts';

export interface ArrowColumns {
  readonly columns: ReadonlyMap<string, Column>;
  readonly rowCount: number;
}

/**
 * The columns of a file or a stream. Doubles, floats and integers of 32 bits without missing values, in one batch of rows,
 * are views of the bytes, which are copied once where threads do not see their memory.
 *
 * @throws InvalidData when the bytes are no such table, or a column is of a type that no column has here.
 * @throws MissingDependency
 */
export async function readArrow(bytes: Uint8Array): Promise<ArrowColumns> {
  const arrow = await loadArrow();
  const table = decode(arrow, seenByThreads(bytes));
  const names = table.schema.fields.map(({ name }) => name);
  requireUniqueNames(names);
  const columns = names.map((name, position) => [name, columnAt(arrow, table, position)] as const);
  return { columns: new Map(columns), rowCount: table.numRows };
}

/** Damaged bytes may lead anywhere. */
function columnAt(arrow: Arrow, table: Table, position: number): Column {
  const vector = table.getChildAt(position);
  if (vector?.length !== table.numRows) throw notArrow();
  try {
    return readColumn(arrow, table.schema.fields[position]?.name ?? '', vector);
  } catch (cause) {
    throw cause instanceof OmegaError ? cause : notArrow(cause);
  }
}

function decode(arrow: Arrow, bytes: Uint8Array): Table {
  try {
    const table = arrow.tableFromIPC(bytes);
    // The smallest value takes a bit: damaged bytes may claim more rows than memory has.
    if (table.schema.fields.length > 0 && table.numRows <= 8 * bytes.length) return table;
  } catch (cause) {
    throw notArrow(cause);
  }
  throw notArrow();
}

function notArrow(cause?: unknown): InvalidData {
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  return new InvalidData(
    `the bytes are no table in Arrow's format for files or streams${reason}: write one without compression, for example by pyarrow.feather.write_feather(table, path, compression='uncompressed')`,
    { cause },
  );
}

function seenByThreads(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const shared = new Uint8Array(allocateShared(bytes.length));
  shared.set(bytes);
  return shared;
}

function readColumn(arrow: Arrow, name: string, vector: Vector): Column {
  const values: unknown = isNumber(arrow, vector.type) ? vector.toArray() : null;
  if (values instanceof Float64Array || values instanceof Float32Array || values instanceof Int32Array) {
    return numberColumn(values, missingIn(vector));
  }
  return builtColumn(arrow, name, vector);
}

function isNumber({ DataType }: Arrow, type: Type): boolean {
  return DataType.isFloat(type) || DataType.isInt(type);
}

/** What lies where a value is missing says nothing. */
function numberColumn(values: NumberArray, nulls: NullMask | null): Column {
  if (!nulls) return columnFromNumbers(values);
  const own = values.slice();
  nulls.forEach((isNull, row) => {
    if (isNull === 1) own[row] = Number.NaN;
  });
  return { ...columnFromNumbers(own), nulls };
}

function missingIn(vector: Vector): NullMask | null {
  if (vector.nullCount === 0) return null;
  const nulls = allocateUint8(vector.length);
  for (let row = 0; row < nulls.length; row += 1) nulls[row] = vector.isValid(row) ? 0 : 1;
  return nulls;
}

function builtColumn(arrow: Arrow, name: string, vector: Vector): Column {
  const isEncoded = arrow.DataType.isDictionary(vector.type);
  const type: Type = isEncoded ? vector.type.dictionary : vector.type;
  requireKnown(arrow, name, type);
  const isDate = arrow.DataType.isDate(type) || arrow.DataType.isTimestamp(type);
  const source = isEncoded ? vector.memoize() : vector;
  const builder = new ColumnBuilder(vector.length);
  for (let row = 0; row < vector.length; row += 1) {
    const value: unknown = source.get(row);
    if (isDate && typeof value === 'number') builder.datetime(row, value);
    else if (typeof value === 'number' && arrow.DataType.isFloat(type)) builder.double(row, value);
    else builder.value(row, value);
  }
  return builder.build(vector.length);
}

function requireKnown(arrow: Arrow, name: string, type: Type): void {
  const { DataType } = arrow;
  const isKnown = [
    (one: Type) => isNumber(arrow, one),
    DataType.isBool,
    DataType.isUtf8,
    DataType.isLargeUtf8,
    DataType.isDate,
    DataType.isTimestamp,
    DataType.isNull,
  ].some((test) => test(type));
  if (isKnown) return;
  throw new InvalidData(
    `column '${name}' is of Arrow's type ${type}, which no column has here: convert it to numbers, booleans, dates or strings, or leave it out`,
  );
}
