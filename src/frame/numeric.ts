/** Columns as plain doubles, the form that computation takes. */
import { InvalidData } from '../errors.ts';
import { allocateFloat64 } from './allocation.ts';
import type { Column, NumberArray } from './column.ts';

/**
 * The values as doubles; missing ones are NaN, true is 1, dates are milliseconds since 1970-01-01 UTC. A
 * float64 column without missing values is returned as it is, not copied.
 *
 * @param name for the message.
 * @throws InvalidData for a column of strings or objects.
 */
export function toFloat64Array(column: Column, name: string): Float64Array {
  if (column.type === 'string' || column.type === 'object') {
    throw new InvalidData(
      `column '${name}' holds ${column.type}s, not numbers: encode it as numbers, or leave it out`,
    );
  }
  if (column.type === 'float64' && !column.nulls) return column.values;
  const doubles = allocateFloat64(column.values.length);
  for (let row = 0; row < doubles.length; row += 1) {
    doubles[row] = column.nulls?.[row] === 1 ? Number.NaN : Number(column.values[row]);
  }
  return doubles;
}

/**
 * As {@link toFloat64Array}, but floats and integers of 32 bits remain what they are.
 *
 * @throws InvalidData for a column of strings or objects.
 */
export function toNumbers(column: Column, name: string): NumberArray {
  const isNarrow = column.type === 'float32' || column.type === 'int32';
  return isNarrow && !column.nulls ? column.values : toFloat64Array(column, name);
}
