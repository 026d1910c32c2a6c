/** Columns in Apache Arrow's format for files, which pyarrow, pandas, Polars and DuckDB read. */
import type { Data } from 'apache-arrow';
import { InvalidData } from '../errors.ts';
import { type Arrow, loadArrow } from './arrow-package.ts';
import { packBits } from './bits.ts';
import type { Column } from './column.ts';

/**
 * The bytes of a file. Strings are dictionary-encoded; dates are of milliseconds.
 *
 * @throws InvalidData for a column of values of several types, or nested ones.
 * @throws MissingDependency
 */
export async function writeArrow(
  columns: ReadonlyMap<string, Column>,
  rowCount: number,
): Promise<Uint8Array> {
  const arrow = await loadArrow();
  const children = [...columns].map(([name, column]) => dataOf(arrow, name, column));
  const names = [...columns.keys()];
  const fields = children.map(({ type }, i) => new arrow.Field(names[i] ?? '', type, true));
  const rows = { type: new arrow.Struct(fields), length: rowCount, nullCount: 0, children };
  const batch = new arrow.RecordBatch(new arrow.Schema(fields), arrow.makeData(rows));
  return arrow.tableToIPC(new arrow.Table([batch]), 'file');
}

function dataOf(arrow: Arrow, name: string, column: Column): Data {
  if (column.type === 'object') {
    throw new InvalidData(
      `column '${name}' holds values of several types, or nested ones, and has no type of Arrow: give it one type, or leave it out`,
    );
  }
  const { values } = column;
  const rows = { length: values.length, ...validityOf(column) };
  switch (column.type) {
    case 'float64':
      return column.integral
        ? arrow.makeData({ type: new arrow.Int64(), data: toBigints(column.values), ...rows })
        : arrow.makeData({ type: new arrow.Float64(), data: column.values, ...rows });
    case 'float32':
      return arrow.makeData({ type: new arrow.Float32(), data: column.values, ...rows });
    case 'int32':
      return arrow.makeData({ type: new arrow.Int32(), data: column.values, ...rows });
    case 'int64':
      return arrow.makeData({ type: new arrow.Int64(), data: column.values, ...rows });
    case 'bool':
      return arrow.makeData({ type: new arrow.Bool(), data: packBits(column.values), ...rows });
    case 'datetime':
      return arrow.makeData({
        type: new arrow.TimestampMillisecond(),
        data: toBigints(column.values),
        ...rows,
      });
    case 'string': {
      const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
      const dictionary = arrow.vectorFromArray(column.dictionary, new arrow.Utf8());
      return arrow.makeData({
        type,
        data: column.values.map((code) => Math.max(0, code)),
        dictionary,
        ...rows,
      });
    }
  }
}

/** A bit for each row, 1 where there is a value. */
function validityOf(column: Exclude<Column, { type: 'object' }>): {
  nullCount: number;
  nullBitmap?: Uint8Array;
} {
  const { values, nulls } = column;
  const flags = Uint8Array.from({ length: values.length }, (_, row) => {
    const isMissing = nulls?.[row] === 1 || (column.type === 'string' && (column.values[row] ?? -1) < 0);
    return isMissing ? 0 : 1;
  });
  const nullCount = flags.reduce((count, flag) => count + 1 - flag, 0);
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap: packBits(flags) };
}

/** Zero where a value is missing. */
function toBigints(values: Float64Array): BigInt64Array {
  return BigInt64Array.from(values, (value) => (Number.isNaN(value) ? 0n : BigInt(Math.round(value))));
}
