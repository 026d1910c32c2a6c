/** The least and greatest values of a column in a block: a reader with a filter skips blocks by them. */
import type { Column } from '../../frame/column.ts';
import { valueAt } from '../../frame/column-rows.ts';
import type { FilterValue, ValueRange } from '../row-filter.ts';

/** A block of rows that all lack a value, or have NaN, has no least and greatest one. */
export interface ColumnStatistics extends Partial<ValueRange> {
  /** How many rows have no value. */
  readonly nulls: number;
}

/** Longer texts take too much room. */
const MAX_TEXT = 100;

/**
 * Of rows `start` to `end` (exclusive); null where statistics would not help: those of long texts and of values that
 * have no order.
 */
export function describeRows(column: Column, start: number, end: number): ColumnStatistics | null {
  if (column.type === 'object') return null;
  const nulls = column.nulls?.subarray(start, end).reduce((sum, isNull) => sum + isNull, 0) ?? 0;
  const [least, greatest] = extremes(readerOf(column), start, end);
  if (least === null || greatest === null) return { nulls };
  const min = valueAt(column, least) as FilterValue;
  const max = valueAt(column, greatest) as FilterValue;
  return isLong(min) || isLong(max) ? null : { min, max, nulls };
}

type Read = (row: number) => number | bigint | string;

/** NaN for what has no value. */
function readerOf(column: Exclude<Column, { type: 'object' }>): Read {
  const { values, nulls } = column;
  if (column.type === 'string') return (row) => column.dictionary[column.values[row] ?? -1] ?? Number.NaN;
  return (row) => (nulls?.[row] === 1 ? Number.NaN : (values[row] ?? Number.NaN));
}

/** The rows with the least and the greatest value; null when none has one. */
function extremes(read: Read, start: number, end: number): [least: number | null, greatest: number | null] {
  let first = start;
  while (first < end && Number.isNaN(read(first))) first += 1;
  if (first >= end) return [null, null];
  let [least, greatest] = [first, first];
  let [min, max] = [read(first), read(first)];
  for (let row = first + 1; row < end; row += 1) {
    const value = read(row);
    if (value < min) {
      min = value;
      least = row;
    } else if (value > max) {
      max = value;
      greatest = row;
    }
  }
  return [least, greatest];
}

function isLong(value: FilterValue): boolean {
  return typeof value === 'string' && value.length > MAX_TEXT;
}
