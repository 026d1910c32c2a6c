import { describe, expect, it } from 'vitest';
import { InvalidData } from '../../../../src/errors.ts';
import type { Column } from '../../../../src/frame/column.ts';
import { columnFromValues } from '../../../../src/frame/column-rows.ts';
import { cutIntoBlocks } from '../../../../src/store/columns/block-size.ts';

const MIB = 2 ** 20;

describe('blocks', () => {
  it('hold about 4 MiB, whatever the number of columns', () => {
    const rows = 2000;
    const column: Column = { type: 'float64', values: new Float64Array(rows) };
    for (const width of [1, 10, 1000, 20_000]) {
      const columns = new Map(Array.from({ length: width }, (_, i) => [`x${i}`, column] as const));
      const blocks = cutIntoBlocks(columns, rows);
      expect(blocks.at(0)?.start).toBe(0);
      expect(blocks.at(-1)?.end).toBe(rows);
      expect(blocks.every(({ start }, i) => start === (blocks[i - 1]?.end ?? 0))).toBe(true);
      expect(blocks.every(({ start, end, bytes }) => bytes <= 4 * MIB || end === start + 1)).toBe(true);
    }
  });

  it('count a text once for each block', () => {
    const texts = Array.from({ length: 5000 }, (_, row) => `${'x'.repeat(10_000)}${row % 10}`);
    expect(cutIntoBlocks(new Map([['s', columnFromValues(texts)]]), texts.length)).toHaveLength(1);
    const long = Array.from({ length: 10 }, (_, row) => `${row}${'x'.repeat(MIB)}`);
    expect(cutIntoBlocks(new Map([['s', columnFromValues(long)]]), 10)).toHaveLength(4);
  });

  it('are refused when a row is larger than a document', () => {
    const column = columnFromValues(['short', 'x'.repeat(13 * MIB)]);
    expect(() => cutIntoBlocks(new Map([['s', column]]), 2)).toThrow(InvalidData);
  });
});
