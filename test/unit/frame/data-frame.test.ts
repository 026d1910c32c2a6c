import { describe, expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import { columnFromValues } from '../../../src/frame/column-rows.ts';
import { DataFrame } from '../../../src/frame/data-frame.ts';
import { NdArray } from '../../../src/frame/nd-array.ts';
import { toFloat64Array } from '../../../src/frame/numeric.ts';

const ROWS = [
  { x: 1, name: 'a', when: new Date(0), big: 2n ** 60n, ok: true, any: [1] },
  { x: 2.5, name: null, when: null, big: null, ok: null, any: null },
  { x: 3, name: 'c', when: new Date(5), big: 1n, ok: false, any: { k: 1 } },
];

describe('a DataFrame', () => {
  it('gives back the rows that it was made from', () => {
    expect(DataFrame.fromRows(ROWS).toRows()).toEqual(
      ROWS.map((row) => ({ ...row, big: row.big === null ? null : BigInt(row.big) })),
    );
  });

  it('takes what a row lacks as missing', () => {
    expect(DataFrame.fromRows([{ a: 1 }, { b: 2 }]).toRows()).toEqual([
      { a: 1, b: null },
      { a: null, b: 2 },
    ]);
  });

  it('names the columns of lists by position, and plain values 0', () => {
    expect(
      DataFrame.fromRows([
        [1, 2],
        [3, 4],
      ]).toRows(),
    ).toEqual([
      { 0: 1, 1: 2 },
      { 0: 3, 1: 4 },
    ]);
    expect(DataFrame.fromRows([5, 6]).toRows()).toEqual([{ 0: 5 }, { 0: 6 }]);
  });

  it.each([
    ['lists of different lengths', [[1, 2], [3]]],
    ['lists and objects', [[1], { a: 1 }]],
    ['objects and values', [{ a: 1 }, 2]],
  ])('refuses rows that are %s', (_, rows) => {
    expect(() => DataFrame.fromRows(rows)).toThrow(InvalidData);
  });

  it('takes rows of every type, in the order given', () => {
    const taken = DataFrame.fromRows(ROWS).take([2, 0, 2]);
    expect(taken.toRows()).toEqual(DataFrame.fromRows([ROWS[2], ROWS[0], ROWS[2]]).toRows());
  });

  it.each([[[3]], [[-1]], [[0.5]]])('refuses to take rows %j that are not there', (indices) => {
    expect(() => DataFrame.fromRows(ROWS).take(indices)).toThrow(InvalidData);
  });

  it('slices rows of every type, within its bounds', () => {
    const frame = DataFrame.fromRows(ROWS);
    expect(frame.slice(1).toRows()).toEqual(frame.toRows().slice(1));
    expect(frame.slice(0, 99).rowCount).toBe(3);
    expect(frame.slice(5, 9).rowCount).toBe(0);
  });

  it('takes the index along', () => {
    const index = [{ name: 'id', column: columnFromValues(['r1', 'r2', 'r3']) }];
    const frame = new DataFrame(DataFrame.fromRows(ROWS).columns, index);
    expect(frame.take([2]).index[0]?.column).toMatchObject({ values: Int32Array.of(2) });
    expect(frame.slice(1, 2).index[0]?.column.values.length).toBe(1);
  });

  it('has columns of the types of arrays, in memory that threads see', () => {
    const frame = DataFrame.fromObject({
      double: Float64Array.of(1, 2, 3),
      float: Float32Array.of(0.1, 0.2, 0.3),
      integer: Int32Array.of(1, 2, 3),
    });
    const taken = frame.slice(1).take([1, 0]);
    expect(taken.columns).toEqual(
      new Map([
        ['double', { type: 'float64', values: Float64Array.of(3, 2) }],
        ['float', { type: 'float32', values: Float32Array.of(0.3, 0.2) }],
        ['integer', { type: 'int32', values: Int32Array.of(3, 2) }],
      ]),
    );
    for (const { values } of frame.columns.values()) {
      expect(values).toMatchObject({ buffer: expect.any(SharedArrayBuffer) });
    }
  });

  it('refuses columns of different lengths', () => {
    expect(() => DataFrame.fromObject({ a: [1], b: [1, 2] })).toThrow(InvalidData);
  });

  it('refuses to select a column twice', () => {
    expect(() => DataFrame.fromObject({ a: [1], b: [2] }).select(['a', 'b', 'a'])).toThrow(
      /column 'a' is there twice/,
    );
  });
});

describe('a column as doubles', () => {
  it.each([
    ['int32', [1, null], [1, Number.NaN]],
    ['float64', [1.5, null], [1.5, Number.NaN]],
    ['int64', [2n ** 60n, null], [2 ** 60, Number.NaN]],
    ['bool', [true, null, false], [1, Number.NaN, 0]],
    ['datetime', [new Date(7), null], [7, Number.NaN]],
  ])('of %s has NaN where values are missing', (_, values, doubles) => {
    expect([...toFloat64Array(columnFromValues(values), 'x')]).toEqual(doubles);
  });

  it('of float32 is exact', () => {
    const column = columnFromValues(Float32Array.of(0.1, Number.NaN));
    expect([...toFloat64Array(column, 'x')]).toEqual([Math.fround(0.1), Number.NaN]);
  });

  it('is not copied when it is one already', () => {
    const column = columnFromValues([1.5, 2]);
    expect(toFloat64Array(column, 'x')).toBe(column.values);
  });

  it.each([[['a']], [[{}]]])('refuses %j', (values) => {
    expect(() => toFloat64Array(columnFromValues(values), 'colour')).toThrow(/'colour'/);
  });
});

describe('an array', () => {
  it('becomes a table of its rows, doubles staying doubles, and floats floats', () => {
    const frame = new NdArray('float64', Float64Array.of(1, 2, 3, 4, 5, 6), [2, 3]).toDataFrame();
    expect(frame.toRows()).toEqual([
      { 0: 1, 1: 2, 2: 3 },
      { 0: 4, 1: 5, 2: 6 },
    ]);
    expect(frame.column('0').type).toBe('float64');
    const floats = new NdArray('float32', Float32Array.of(1, 2, 3, 4), [2, 2]).toDataFrame();
    expect(floats.column('1')).toEqual({ type: 'float32', values: Float32Array.of(2, 4) });
  });

  it('of one dimension becomes one column', () => {
    expect(new NdArray('bool', Uint8Array.of(1, 0)).toDataFrame().toRows()).toEqual([
      { 0: true },
      { 0: false },
    ]);
  });

  it('refuses a shape that does not fit, and is no table beyond two dimensions', () => {
    expect(() => new NdArray('int8', new Int8Array(5), [2, 3])).toThrow(InvalidData);
    expect(() => new NdArray('int8', new Int8Array(8), [2, 2, 2]).toDataFrame()).toThrow(InvalidData);
  });
});
