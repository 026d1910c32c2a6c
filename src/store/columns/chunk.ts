/** The values of one column in one block of rows, as MongoDB holds them, and how they become that. */
import { packBits } from '../../frame/bits.ts';
import type { Column } from '../../frame/column.ts';
import { sliceColumn } from '../../frame/column-rows.ts';
import { type PackedBytes, packBytes } from './compression.ts';
import type { StoredType } from './stored-type.ts';

/** A block has no chunk of a column without a value in it. Numbers are little-endian. */
export interface Chunk {
  readonly type: StoredType;
  /**
   * float64, integral and datetime as doubles, float32 as floats of 32 bits, int64 as 64 bits, bool as one bit; int32 and the codes of strings as
   * integers of 8, 16 or 32 bits, which the number of bytes tells.
   */
  readonly values: PackedBytes;
  /** A bit for each row, 1 where the value is missing. */
  readonly nulls?: PackedBytes;
  /** The distinct strings of this block in UTF-8, one after the other, in the order of their codes. */
  readonly texts?: PackedBytes;
  /** How many bytes each of them has, as integers of 32 bits. */
  readonly lengths?: PackedBytes;
}

type TypedColumn = Exclude<Column, { type: 'object' }>;

/**
 * @param type that of the column, null when it has no value at all.
 * @param end exclusive.
 * @returns null when no value is in these rows.
 */
export function encodeChunk(
  column: Column,
  type: StoredType | null,
  start: number,
  end: number,
): Chunk | null {
  const rows = sliceColumn(column, start, end);
  if (rows.type === 'object' || type === null) return null;
  const missing = rows.nulls?.some((isNull) => isNull === 1) ? rows.nulls : null;
  if (missing?.every((isNull) => isNull === 1)) return null;
  return {
    type,
    ...encodeValues(rows),
    ...(missing && { nulls: packBytes(packBits(missing)) }),
  };
}

function encodeValues(column: TypedColumn): Pick<Chunk, 'values' | 'texts' | 'lengths'> {
  switch (column.type) {
    case 'string':
      return encodeStrings(column.values, column.dictionary);
    case 'bool':
      return { values: packBytes(packBits(column.values)) };
    case 'int32':
      return { values: packBytes(narrow(column.values)) };
    default:
      return { values: packBytes(bytesOf(column.values)) };
  }
}

/** A dictionary of the strings of these rows only: each block can be read, skipped and written by itself. */
function encodeStrings(
  codes: Int32Array,
  dictionary: readonly string[],
): Pick<Chunk, 'values' | 'texts' | 'lengths'> {
  const ownCodes = new Map<number, number>();
  const texts: Buffer[] = [];
  const values = codes.map((code) => {
    if (code < 0) return 0;
    const known = ownCodes.get(code);
    if (known !== undefined) return known;
    const own = texts.push(Buffer.from(dictionary[code] ?? '')) - 1;
    ownCodes.set(code, own);
    return own;
  });
  return {
    values: packBytes(narrow(values)),
    texts: packBytes(Buffer.concat(texts)),
    lengths: packBytes(bytesOf(Int32Array.from(texts, (text) => text.length))),
  };
}

/** In as few bits as all of them fit in. */
function narrow(integers: Int32Array): Uint8Array {
  let [min, max] = [0, 0];
  for (const integer of integers) {
    if (integer < min) min = integer;
    else if (integer > max) max = integer;
  }
  if (min >= -0x80 && max <= 0x7f) return bytesOf(Int8Array.from(integers));
  if (min >= -0x8000 && max <= 0x7fff) return bytesOf(Int16Array.from(integers));
  return bytesOf(integers);
}

function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
