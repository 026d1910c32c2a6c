/** Cuts a frame into blocks that are far smaller than what a document may have (16 MB). */
import { InvalidData } from '../../errors.ts';
import type { Column } from '../../frame/column.ts';
import type { FieldColumns } from './layout.ts';

/** Rows `start` to `end` (exclusive). */
export interface RowRange {
  readonly start: number;
  readonly end: number;
  /** About what they take in a document; compressed ones take less. */
  readonly bytes: number;
}

/** Large enough for few round trips, small enough to hold several of them. */
const BLOCK_BYTES = 4 * 2 ** 20;
/** Of a block of a single row; a document has at most 16 MB. */
const MAX_ROW_BYTES = 12 * 2 ** 20;
/** About what a chunk takes besides its values. */
const CHUNK_BYTES = 100;

/** How much a row adds to a block, whose number counts from 0. */
type Measure = (row: number, block: number) => number;

/** @throws InvalidData when one row is too large for a document. */
export function cutIntoBlocks(columns: FieldColumns, rowCount: number): RowRange[] {
  const overhead = [...columns.keys()].reduce(
    (sum, field) => sum + CHUNK_BYTES + Buffer.byteLength(field),
    0,
  );
  const measure = measureRows([...columns.values()]);
  const blocks: RowRange[] = [];
  let start = 0;
  let bytes = overhead;
  for (let row = 0; row < rowCount; row += 1) {
    let added = measure(row, blocks.length);
    if (row > start && bytes + added > BLOCK_BYTES) {
      blocks.push({ start, end: row, bytes });
      start = row;
      bytes = overhead;
      added = measure(row, blocks.length);
    }
    bytes += added;
    if (row === start && bytes > MAX_ROW_BYTES) throw tooLarge(row, bytes);
  }
  if (start < rowCount) blocks.push({ start, end: rowCount, bytes });
  return blocks;
}

function measureRows(columns: readonly Column[]): Measure {
  const fixed = columns.reduce((sum, column) => sum + valueBytes(column), 0);
  const strings = columns.flatMap((column) => (column.type === 'string' ? [measureStrings(column)] : []));
  return (row, block) => strings.reduce((sum, measure) => sum + measure(row, block), fixed);
}

function valueBytes(column: Column): number {
  return column.type === 'object' ? 0 : column.values.BYTES_PER_ELEMENT;
}

/** A string counts where it comes first in a block. */
function measureStrings({ values, dictionary }: Extract<Column, { type: 'string' }>): Measure {
  const metIn = new Int32Array(dictionary.length).fill(-1);
  return (row, block) => {
    const code = values[row] ?? -1;
    if (code < 0 || metIn[code] === block) return 0;
    metIn[code] = block;
    return Int32Array.BYTES_PER_ELEMENT + Buffer.byteLength(dictionary[code] ?? '');
  };
}

function tooLarge(row: number, bytes: number): InvalidData {
  return new InvalidData(
    `row ${row} takes ${bytes} bytes, and a document of MongoDB has at most 16 MB: shorten its texts, or put fewer columns`,
  );
}
