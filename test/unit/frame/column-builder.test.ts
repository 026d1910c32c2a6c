import { describe, expect, it } from 'vitest';
import { ColumnBuilder } from '../../../src/frame/column-builder.ts';
import { columnFromValues, valueAt } from '../../../src/frame/column-rows.ts';

function valuesOf(column: ReturnType<typeof columnFromValues>): unknown[] {
  return Array.from({ length: column.values.length }, (_, row) => valueAt(column, row));
}

describe('a column built from values', () => {
  it.each([
    ['integers of 32 bits', [1, -2, 3], 'int32'],
    ['integers beyond 32 bits', [1, 2 ** 40], 'float64'],
    ['integers beyond 2^53', [1, 2n ** 60n], 'int64'],
    ['integers and doubles', [1, 2.5], 'float64'],
    ['booleans', [true, false], 'bool'],
    ['dates', [new Date(0), new Date(1e12)], 'datetime'],
    ['strings', ['a', 'b', 'a'], 'string'],
    ['values of different types', [1, 'a', true], 'object'],
    ['lists', [[1], [2]], 'object'],
    ['booleans and numbers', [true, 1], 'object'],
  ])('of %s gets the type that holds them all', (_, values, type) => {
    const column = columnFromValues(values);
    expect(column.type).toBe(type);
    expect(valuesOf(column).map(Number)).toEqual(values.map(Number));
  });

  it.each([
    ['nothing', []],
    ['a missing value', [null]],
    ['another integer', [7]],
    ['a text', ['x']],
  ])('keeps integers that count the rows, with %s after them, whatever room there was', (_, last) => {
    const values = [...Array.from({ length: 100 }, (_, i) => i), ...last];
    const builder = new ColumnBuilder(1);
    values.forEach((value, row) => {
      builder.value(row, value);
    });
    builder.integer(0, 5);
    expect(valuesOf(builder.build(values.length))).toEqual(values);
    const short = new ColumnBuilder();
    short.integer(0, 0);
    expect(valuesOf(short.build(2))).toEqual([0, null]);
  });

  it('keeps the values when their type widens late', () => {
    const integers = Array.from({ length: 40 }, (_, i) => i);
    expect(valuesOf(columnFromValues([...integers, 0.5]))).toEqual([...integers, 0.5]);
    expect(valuesOf(columnFromValues([...integers, 2n ** 60n]))).toEqual([
      ...integers.map(BigInt),
      2n ** 60n,
    ]);
    expect(valuesOf(columnFromValues([...integers, 'x']))).toEqual([...integers, 'x']);
  });

  it.each([
    ['int32', [null, 1, null]],
    ['float64', [null, 1.5, null]],
    ['int64', [null, 2n ** 60n, null]],
    ['bool', [null, true, null]],
    ['datetime', [null, new Date(5), null]],
    ['string', [null, 'a', null]],
  ])('of %s marks missing values before and after', (type, values) => {
    const column = columnFromValues(values);
    expect(column.type).toBe(type);
    expect(column.type === 'object' ? null : [...(column.nulls ?? [])]).toEqual([1, 0, 1]);
    expect(valuesOf(column)).toEqual(values);
  });

  it.each([
    ['string', ['a', null]],
    ['bool', [true, null]],
    ['datetime', [new Date(5), null]],
    ['object', [[1], null]],
  ])('of %s takes NaN for a missing value, before and after others', (type, [value, missing]) => {
    const column = columnFromValues([Number.NaN, value, null, Number.NaN]);
    expect(column.type).toBe(type);
    expect(valuesOf(column)).toEqual([missing, value, missing, missing]);
  });

  it.each([
    ['doubles', [Number.NaN, 1.5, Number.NaN]],
    ['integers', [Number.NaN, 1, Number.NaN]],
    ['integers beyond 2^53', [Number.NaN, 2n ** 60n, Number.NaN]],
  ])('of %s keeps NaN as a double', (_, values) => {
    const column = columnFromValues(values);
    expect(column).toEqual({ type: 'float64', values: Float64Array.from(values, Number) });
  });

  it('says whether its doubles are integers', () => {
    expect(columnFromValues([5_000_000_000, null, 7])).toMatchObject({ type: 'float64', integral: true });
    expect(columnFromValues([5_000_000_000, 0.5])).not.toHaveProperty('integral');
  });

  it('gives missing strings the code -1', () => {
    const column = columnFromValues([null, 'a', null, 'b']);
    expect([...column.values]).toEqual([-1, 0, -1, 1]);
  });

  it('is float64 when every value is missing', () => {
    const column = columnFromValues([null, undefined]);
    expect(column).toEqual({
      type: 'float64',
      values: Float64Array.of(Number.NaN, Number.NaN),
      nulls: Uint8Array.of(1, 1),
    });
  });

  it('has no mask when nothing is missing', () => {
    expect(columnFromValues([1.5, Number.NaN])).not.toHaveProperty('nulls');
  });

  it('lies in shared memory', () => {
    expect(columnFromValues([1.5]).values).toHaveProperty('buffer', expect.any(SharedArrayBuffer));
    expect(columnFromValues(['a']).values).toHaveProperty('buffer', expect.any(SharedArrayBuffer));
  });

  it('fills rows that were left out, and keeps the first of two values for one row', () => {
    const builder = new ColumnBuilder(1);
    builder.integer(2, 7);
    builder.integer(2, 8);
    expect(valuesOf(builder.build(4))).toEqual([null, null, 7, null]);
  });

  it('recognizes strings by their bytes, whatever their length', () => {
    const words = ['é', 'x'.repeat(100), 'é', '', 'x'.repeat(100)];
    const builder = new ColumnBuilder();
    words.forEach((word, row) => {
      const bytes = Buffer.from(`..${word}.`);
      builder.utf8(row, bytes, 2, bytes.length - 1);
    });
    const column = builder.build(words.length);
    expect(valuesOf(column)).toEqual(words);
    expect(column).toHaveProperty('dictionary', ['é', 'x'.repeat(100), '']);
  });

  it('keeps apart more distinct strings than it remembers by their bytes', () => {
    const words = Array.from({ length: 20_000 }, (_, i) => `word ${i % 10_000}`);
    const builder = new ColumnBuilder(words.length);
    words.forEach((word, row) => {
      builder.utf8(row, Buffer.from(word), 0, word.length);
    });
    expect(valuesOf(builder.build(words.length))).toEqual(words);
  });
});
