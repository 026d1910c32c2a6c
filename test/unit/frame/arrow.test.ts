import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import type { Column } from '../../../src/frame/column.ts';
import { columnFromValues } from '../../../src/frame/column-rows.ts';
import { DataFrame } from '../../../src/frame/data-frame.ts';

const ROWS = [
  { double: 0.1, integer: 1, big: 2n ** 60n, wide: 5e9, flag: true, when: new Date(5), text: 'ü', 1: 7 },
  { double: null, integer: null, big: null, wide: null, flag: null, when: null, text: null, 1: 8 },
  { double: 3, integer: -3, big: -1n, wide: 1, flag: false, when: new Date(1e12), text: '', 1: 9 },
];

function typesOf(frame: DataFrame): string[] {
  return [...frame.columns].map(([name, { type }]) => `${name} ${type}`);
}

describe('a table of Arrow', () => {
  it('comes back from a frame as it was, types included', async () => {
    const frame = DataFrame.fromRows(ROWS);
    const back = await DataFrame.fromArrow(await frame.toArrow());
    expect(back.toRows()).toEqual(ROWS);
    expect(typesOf(back)).toEqual(typesOf(frame));
    expect(back.column('wide')).toMatchObject({ integral: true });
  });

  it('keeps floats of 32 bits, and labels of rows', async () => {
    const columns = new Map([['x', columnFromValues(Float32Array.of(0.1, 0.2))]]);
    const frame = new DataFrame(columns, [{ name: null, column: columnFromValues(['a', 'b']) }]);
    const back = await DataFrame.fromArrow(await frame.toArrow());
    expect(back.column('x')).toEqual(frame.column('x'));
    expect(back.index).toMatchObject([{ name: null, column: { dictionary: ['a', 'b'] } }]);
  });

  it('shares its numbers with the bytes where threads see those', async () => {
    const { buffer, length } = await DataFrame.fromObject({
      double: Float64Array.of(1, 2),
      float: Float32Array.of(1, 2),
      integer: Int32Array.of(1, 2),
    }).toArrow();
    const bytes = new Uint8Array(new SharedArrayBuffer(length));
    bytes.set(new Uint8Array(buffer, 0, length));
    const frame = await DataFrame.fromArrow(bytes);
    for (const { values } of frame.columns.values()) expect(values).toMatchObject({ buffer: bytes.buffer });
  });

  it('may come in several batches, as a stream or a file', async () => {
    const parts = [tableFromArrays({ x: Float64Array.of(1, 2) }), tableFromArrays({ x: Float64Array.of(3) })];
    const table = parts.reduce((all, part) => all.concat(part));
    for (const form of ['file', 'stream'] as const) {
      const frame = await DataFrame.fromArrow(tableToIPC(table, form));
      expect(frame.column('x')).toMatchObject({ type: 'float64', values: Float64Array.of(1, 2, 3) });
    }
  });

  it('has the columns that other readers see', async () => {
    const table = tableFromIPC(await DataFrame.fromRows(ROWS).toArrow());
    expect(table.schema.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      '1 Int32',
      'double Float64',
      'integer Int32',
      'big Int64',
      'wide Int64',
      'flag Bool',
      'when Timestamp<MILLISECOND>',
      'text Dictionary<Int32, Utf8>',
    ]);
  });
});

describe('data that are refused', () => {
  it.each([
    ['text', Buffer.from('hello world, this is no table')],
    ['nothing', new Uint8Array(0)],
  ])('bytes that are no table: %s', async (_, bytes) => {
    await expect(DataFrame.fromArrow(bytes)).rejects.toThrow(/no table in Arrow's format/);
  });

  it('a column of lists, on both ways', async () => {
    const lists = tableToIPC(tableFromArrays({ x: [[1, 2], [3]] }));
    await expect(DataFrame.fromArrow(lists)).rejects.toThrow(InvalidData);
    await expect(DataFrame.fromArrow(lists)).rejects.toThrow(/column 'x' is of Arrow's type List/);
    await expect(DataFrame.fromRows([{ x: [1] }]).toArrow()).rejects.toThrow(
      /column 'x' holds values of several/,
    );
  });

  it('an index with the name of a column', async () => {
    const x: Column = columnFromValues([1]);
    const frame = new DataFrame(new Map([['x', x]]), [{ name: 'x', column: x }]);
    await expect(frame.toArrow()).rejects.toThrow(/column 'x' is there twice/);
  });
});
