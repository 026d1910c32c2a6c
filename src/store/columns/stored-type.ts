/** Types of the columns of a columnar dataset, and which of them go together. */
import { InvalidData } from '../../errors.ts';
import type { Column } from '../../frame/column.ts';

/** `integral` is a float64 column whose values are integers. */
export type StoredType =
  | 'float64'
  | 'float32'
  | 'integral'
  | 'int32'
  | 'int64'
  | 'bool'
  | 'datetime'
  | 'string';

/** Each holds, or is taken for, all those before it: what pandas makes of numbers that are put together. */
const NUMBERS: readonly StoredType[] = ['int32', 'integral', 'int64', 'float64'];

/**
 * Null for a column without a value, which goes together with every type.
 *
 * @throws InvalidData for a column of values of several types, or nested ones.
 */
export function storedType(column: Column, name: string): StoredType | null {
  if (column.type === 'object') {
    throw new InvalidData(
      `column '${name}' holds values of several types, or nested ones, and has no columnar form: give it one type, leave it out, or put the frame as rows`,
    );
  }
  if (column.nulls?.every((isNull) => isNull === 1)) return null;
  return column.type === 'float64' && column.integral ? 'integral' : column.type;
}

/** Whether a value is a type that a dataset may say its column has. */
export function isStoredType(value: unknown): value is StoredType {
  return (
    NUMBERS.some((type) => type === value) ||
    ['float32', 'bool', 'datetime', 'string'].some((type) => type === value)
  );
}

/** The type that holds values of both; undefined when there is none. */
export function commonType(one: StoredType | null, other: StoredType | null): StoredType | null | undefined {
  if (one === other || other === null) return one;
  if (one === null) return other;
  const ranks = [rankOf(one), rankOf(other)];
  return ranks.includes(-1) ? undefined : NUMBERS[Math.max(...ranks)];
}

/** Where other numbers join floats of 32 bits, all are doubles. */
function rankOf(type: StoredType): number {
  return NUMBERS.indexOf(type === 'float32' ? 'float64' : type);
}
