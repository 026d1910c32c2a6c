/** Columns from row-wise JavaScript values. */
import { InvalidData } from '../errors.ts';
import type { Column } from './column.ts';
import { ColumnBuilder } from './column-builder.ts';

/**
 * Columns from rows. A row is an object (its keys name the columns), or a list (columns `0`, `1`, …); rows
 * that are plain values make one column `0`. What a row lacks is a missing value.
 *
 * @throws InvalidData when the rows are not all of the same form, or lists differ in length.
 */
export function columnsFromRows(rows: readonly unknown[]): Map<string, Column> {
  const builders = new Map<string, ColumnBuilder>();
  rows.forEach((row, i) => {
    for (const [name, value] of cellsOf(row)) builderOf(builders, name, rows.length).value(i, value);
  });
  requireOneForm(rows);
  return new Map([...builders].map(([name, builder]) => [name, builder.build(rows.length)]));
}

function cellsOf(row: unknown): [string, unknown][] {
  if (isList(row)) return Array.from(row, (value, position) => [String(position), value]);
  return isPlainObject(row) ? Object.entries(row) : [['0', row]];
}

function builderOf(builders: Map<string, ColumnBuilder>, name: string, capacity: number): ColumnBuilder {
  const known = builders.get(name);
  if (known) return known;
  const builder = new ColumnBuilder(capacity);
  builders.set(name, builder);
  return builder;
}

function requireOneForm(rows: readonly unknown[]): void {
  const [first] = rows;
  const other = rows.findIndex((row) => formOf(row) !== formOf(first));
  if (other < 0) return;
  throw new InvalidData(
    `row ${other} is ${formOf(rows[other])} where row 0 is ${formOf(first)}: give all rows the same form`,
  );
}

function formOf(row: unknown): string {
  if (isList(row)) return `a list of ${row.length}`;
  return isPlainObject(row) ? 'an object' : 'a single value';
}

function isList(row: unknown): row is ArrayLike<unknown> {
  return Array.isArray(row) || (ArrayBuffer.isView(row) && 'length' in row);
}

/** Whether a value is rows by column name, at least one. */
export function isListOfObjects(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0 && value.every(isPlainObject);
}

/** Whether a value is an object without a class, as opposed to a Date or a list. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
