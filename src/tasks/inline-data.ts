/** Data that came in the message itself, as a table. */
import { InvalidData } from '../errors.ts';
import { requireUniqueNames } from '../frame/column-names.ts';
import { DataFrame } from '../frame/data-frame.ts';

/**
 * A table from rows: a list of lists, a list of objects, or one row of either (omega|ml's by-value data).
 * Lists are columns by position, named by `names`, else `0`, `1`, …
 *
 * @throws InvalidData when the values are no table, or have not as many columns as there are names.
 */
export function frameFromRows(data: unknown, names: readonly string[] | null): DataFrame {
  const rows = Array.isArray(data) && data.every(isObject) ? data : [data];
  if (!rows.every(isObject)) {
    throw new InvalidData(
      'the data are a single value: send the name of a dataset, or rows as lists or objects',
    );
  }
  const frame = DataFrame.fromRows(rows);
  return Array.isArray(rows[0]) ? nameColumns(frame, names) : frame;
}

/**
 * One column from a list of values, such as labels; anything else is read as rows.
 *
 * @throws InvalidData as {@link frameFromRows}.
 */
export function frameFromValues(data: unknown, name: string): DataFrame {
  const isFlat = Array.isArray(data) && data.length > 0 && !data.some(isObject);
  return isFlat ? DataFrame.fromObject({ [name]: data }) : frameFromRows(data, null);
}

/**
 * The same columns under these names; null leaves them as they are.
 *
 * @throws InvalidData when there are more or fewer names than columns, or one is there twice.
 */
export function nameColumns(frame: DataFrame, names: readonly string[] | null): DataFrame {
  if (names === null) return frame;
  if (names.length !== frame.columns.size) {
    throw new InvalidData(
      `each row has ${frame.columns.size} values where ${names.length} are expected: send ${names.join(', ')}, in this order`,
    );
  }
  requireUniqueNames(names);
  const columns = [...frame.columns.values()].map((column, position) => {
    return [names[position] ?? String(position), column] as const;
  });
  return new DataFrame(new Map(columns), frame.index, frame.rowCount);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
