/** What the bytes of a chunk say. They may come from a writer that is wrong: their number is checked first. */
import { CorruptObject } from '../../errors.ts';
import type { Chunk } from './chunk.ts';
import { type PackedBytes, unpackBytes } from './compression.ts';

/** Where a chunk comes from. */
export interface ChunkSource {
  /** For messages. */
  readonly column: string;
  readonly rows: number;
}

/** @throws CorruptObject when there are more or fewer. */
export function readBytes(packed: PackedBytes, byteCount: number, { column }: ChunkSource): Uint8Array {
  const bytes = unpackBytes(packed, byteCount, column);
  if (bytes.length === byteCount) return bytes;
  throw corrupt(column);
}

/** A bit for each row. @throws CorruptObject */
export function readBits(packed: PackedBytes, source: ChunkSource): Uint8Array {
  return readBytes(packed, Math.ceil(source.rows / 8), source);
}

/** An integer for each row. @throws CorruptObject */
export function readIntegers(packed: PackedBytes, source: ChunkSource): Int8Array | Int16Array | Int32Array {
  const { buffer } = Uint8Array.from(unpackBytes(packed, source.rows * 4, source.column));
  switch (buffer.byteLength / source.rows) {
    case 1:
      return new Int8Array(buffer);
    case 2:
      return new Int16Array(buffer);
    case 4:
      return new Int32Array(buffer);
    default:
      throw corrupt(source.column);
  }
}

/** A float of 32 bits for each row. @throws CorruptObject */
export function readFloats(packed: PackedBytes, source: ChunkSource): Float32Array {
  return new Float32Array(Uint8Array.from(readBytes(packed, source.rows * 4, source)).buffer);
}

/** A 64-bit integer for each row. @throws CorruptObject */
export function readBigints(packed: PackedBytes, source: ChunkSource): BigInt64Array {
  return new BigInt64Array(Uint8Array.from(readBytes(packed, source.rows * 8, source)).buffer);
}

/** The distinct strings of a chunk. @throws CorruptObject */
export function readTexts({ texts, lengths }: Chunk, source: ChunkSource): string[] {
  if (!texts || !lengths) throw corrupt(source.column);
  const counts = new Int32Array(Uint8Array.from(unpackBytes(lengths, source.rows * 4, source.column)).buffer);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const bytes = Buffer.from(readBytes(texts, total, source));
  let end = 0;
  return Array.from(counts, (count) => {
    end += count;
    return bytes.toString('utf8', end - count, end);
  });
}

export function corrupt(column: string): CorruptObject {
  return new CorruptObject(
    `a block of column '${column}' does not hold what the metadata say: put the dataset again`,
  );
}
