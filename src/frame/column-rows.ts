/** Columns as values, and parts of columns. */
import {
  allocateBigInt64,
  allocateFloat32,
  allocateFloat64,
  allocateInt32,
  allocateUint8,
  toShared,
} from './allocation.ts';
import type { Column, NumberArray } from './column.ts';
import { ColumnBuilder } from './column-builder.ts';

/**
 * A column from JavaScript values; null and undefined are missing values. A typed array is taken as it is, and copied only
 * where threads do not see its memory.
 */
export function columnFromValues(values: readonly unknown[] | NumberArray): Column {
  if (ArrayBuffer.isView(values)) return columnFromNumbers(values);
  const builder = new ColumnBuilder(values.length);
  for (let row = 0; row < values.length; row += 1) builder.value(row, values[row]);
  return builder.build(values.length);
}

/** A column of the array's type, in memory that threads see. */
export function columnFromNumbers(values: NumberArray): Extract<Column, { values: NumberArray }> {
  if (values instanceof Float64Array) return { type: 'float64', values: toShared(values) };
  if (values instanceof Float32Array) return { type: 'float32', values: toShared(values) };
  return { type: 'int32', values: toShared(values) };
}

/**
 * The value of one row: number, bigint, boolean, Date, string, or what an object column holds; null when
 * it is missing.
 */
export function valueAt(column: Column, row: number): unknown {
  if (column.type === 'object') return column.values[row];
  if (column.nulls?.[row] === 1) return null;
  const value = column.values[row];
  if (column.type === 'bool') return value === 1;
  if (column.type === 'datetime') return new Date(Number(value));
  return column.type === 'string' ? column.dictionary[Number(value)] : value;
}

/** The rows at these indices, in the order given. */
export function takeColumn(column: Column, indices: ArrayLike<number>): Column {
  if (column.type === 'object') {
    return { type: 'object', values: Array.from(indices, (row) => column.values[row]) };
  }
  if (!column.nulls) return takeValues(column, indices);
  return takeValues(
    { ...column, nulls: gather(allocateUint8(indices.length), column.nulls, indices) },
    indices,
  );
}

/** Rows `start` to `end` (exclusive). Shares the memory. */
export function sliceColumn(column: Column, start: number, end: number): Column {
  if (column.type === 'object') return { type: 'object', values: column.values.slice(start, end) };
  if (!column.nulls) return sliceValues(column, start, end);
  return sliceValues({ ...column, nulls: column.nulls.subarray(start, end) }, start, end);
}

type TypedColumn = Exclude<Column, { type: 'object' }>;

function takeValues(column: TypedColumn, indices: ArrayLike<number>): TypedColumn {
  const { length } = indices;
  switch (column.type) {
    case 'float64':
    case 'datetime':
      return { ...column, values: gather(allocateFloat64(length), column.values, indices) };
    case 'float32':
      return { ...column, values: gather(allocateFloat32(length), column.values, indices) };
    case 'int32':
    case 'string':
      return { ...column, values: gather(allocateInt32(length), column.values, indices) };
    case 'bool':
      return { ...column, values: gather(allocateUint8(length), column.values, indices) };
    case 'int64': {
      const values = allocateBigInt64(length);
      for (let i = 0; i < length; i += 1) values[i] = column.values[indices[i] ?? 0] ?? 0n;
      return { ...column, values };
    }
  }
}

function sliceValues(column: TypedColumn, start: number, end: number): TypedColumn {
  switch (column.type) {
    case 'float64':
    case 'datetime':
      return { ...column, values: column.values.subarray(start, end) };
    case 'float32':
      return { ...column, values: column.values.subarray(start, end) };
    case 'int32':
    case 'string':
      return { ...column, values: column.values.subarray(start, end) };
    case 'bool':
      return { ...column, values: column.values.subarray(start, end) };
    case 'int64':
      return { ...column, values: column.values.subarray(start, end) };
  }
}

function gather<Values extends Float64Array | Float32Array | Int32Array | Uint8Array>(
  target: Values,
  source: ArrayLike<number>,
  indices: ArrayLike<number>,
): Values {
  for (let i = 0; i < indices.length; i += 1) target[i] = source[indices[i] ?? 0] ?? 0;
  return target;
}
