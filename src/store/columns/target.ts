/** Puts the chunks of a column together, in memory that all threads see. */
import {
  allocateBigInt64,
  allocateFloat32,
  allocateFloat64,
  allocateInt32,
  allocateUint8,
} from '../../frame/allocation.ts';
import { unpackBits } from '../../frame/bits.ts';
import type { Column } from '../../frame/column.ts';
import { StringDictionary } from '../../frame/string-dictionary.ts';
import type { Chunk } from './chunk.ts';
import {
  type ChunkSource,
  corrupt,
  readBigints,
  readBits,
  readBytes,
  readFloats,
  readIntegers,
  readTexts,
} from './chunk-values.ts';
import { commonType, type StoredType } from './stored-type.ts';

type Values =
  | { readonly type: 'float64' | 'integral' | 'datetime'; readonly array: Float64Array }
  | { readonly type: 'float32'; readonly array: Float32Array }
  | { readonly type: 'int32'; readonly array: Int32Array }
  | { readonly type: 'string'; readonly array: Int32Array }
  | { readonly type: 'int64'; readonly array: BigInt64Array }
  | { readonly type: 'bool'; readonly array: Uint8Array };

/** Rows `start` to `end` (exclusive). */
export interface RowRun {
  readonly start: number;
  readonly end: number;
}

export class ColumnTarget {
  readonly #name: string;
  readonly #values: Values;
  #dictionary = new StringDictionary();
  #nulls: Uint8Array | null = null;

  /**
   * @param name for messages.
   * @param type null for a column without values.
   * @param capacity in rows.
   */
  constructor(name: string, type: StoredType | null, capacity: number) {
    this.#name = name;
    this.#values = allocateValues(type ?? 'float64', capacity);
  }

  /**
   * Sets `rows` rows from row `at` on. Without a chunk they are missing.
   *
   * @throws CorruptObject when the chunk has more or fewer values, or of another type.
   */
  place(chunk: Chunk | undefined, at: number, rows: number): void {
    const source = { column: this.#name, rows };
    if (chunk) {
      if (commonType(chunk.type, this.#values.type) !== this.#values.type) throw corrupt(this.#name);
      placeValues(chunk, this.#values, at, { source, dictionary: this.#dictionary });
      if (!chunk.nulls) {
        this.#nulls?.fill(0, at, at + rows);
        return;
      }
    }
    this.#nulls ??= allocateUint8(this.#values.array.length);
    const nulls = this.#nulls.subarray(at, at + rows);
    if (chunk?.nulls) unpackBits(readBits(chunk.nulls, source), nulls);
    else nulls.fill(1);
    markMissing(this.#values, nulls, at);
  }

  /** Moves these rows, in ascending order, to row `at` and the following. */
  keep(at: number, runs: readonly RowRun[]): void {
    for (const array of [this.#values.array, ...(this.#nulls ? [this.#nulls] : [])]) {
      let next = at;
      for (const { start, end } of runs) {
        array.copyWithin(next, start, end);
        next += end - start;
      }
    }
  }

  /** Begins anew, in the same memory: what was built before must not be used any more. */
  reset(): void {
    this.#dictionary = new StringDictionary();
  }

  /** The first rows, without a copy. */
  build(rowCount: number): Column {
    const nulls = this.#nulls ? { nulls: this.#nulls.subarray(0, rowCount) } : {};
    const { type, array } = this.#values;
    switch (type) {
      case 'int64':
        return { type, values: array.subarray(0, rowCount), ...nulls };
      case 'float32':
        return { type, values: array.subarray(0, rowCount), ...nulls };
      case 'int32':
        return { type, values: array.subarray(0, rowCount), ...nulls };
      case 'string':
        return { type, values: array.subarray(0, rowCount), dictionary: this.#dictionary.texts, ...nulls };
      case 'bool':
        return { type, values: array.subarray(0, rowCount), ...nulls };
      case 'integral':
        return { type: 'float64', values: array.subarray(0, rowCount), ...nulls, integral: true };
      default:
        return { type, values: array.subarray(0, rowCount), ...nulls };
    }
  }
}

function allocateValues(type: StoredType, capacity: number): Values {
  switch (type) {
    case 'string':
    case 'int32':
      return { type, array: allocateInt32(capacity) };
    case 'float32':
      return { type, array: allocateFloat32(capacity) };
    case 'int64':
      return { type, array: allocateBigInt64(capacity) };
    case 'bool':
      return { type, array: allocateUint8(capacity) };
    default:
      return { type, array: allocateFloat64(capacity) };
  }
}

interface Placement {
  readonly source: ChunkSource;
  /** Of the whole column. */
  readonly dictionary: StringDictionary;
}

function placeValues(
  chunk: Chunk,
  { type, array }: Values,
  at: number,
  { source, dictionary }: Placement,
): void {
  const end = at + source.rows;
  if (type === 'string') placeStrings(chunk, array.subarray(at, end), source, dictionary);
  else if (type === 'int32') array.set(readIntegers(chunk.values, source), at);
  else if (type === 'bool') unpackBits(readBits(chunk.values, source), array.subarray(at, end));
  else if (type === 'int64') placeBigints(chunk, array.subarray(at, end), source);
  else if (type === 'float32') array.set(readFloats(chunk.values, source), at);
  else placeDoubles(chunk, array.subarray(at, end), source);
}

function placeStrings(
  chunk: Chunk,
  target: Int32Array,
  source: ChunkSource,
  dictionary: StringDictionary,
): void {
  const codes = readTexts(chunk, source).map((text) => dictionary.codeOf(text));
  readIntegers(chunk.values, source).forEach((own, row) => {
    const code = codes[own];
    if (code === undefined) throw corrupt(source.column);
    target[row] = code;
  });
}

function placeDoubles(chunk: Chunk, target: Float64Array, source: ChunkSource): void {
  if (chunk.type === 'int32') target.set(readIntegers(chunk.values, source));
  else if (chunk.type === 'float32') target.set(readFloats(chunk.values, source));
  // As pandas does when a double comes among large integers: their last digits are lost.
  else if (chunk.type === 'int64') target.set(Float64Array.from(readBigints(chunk.values, source), Number));
  else placeBytes(readBytes(chunk.values, source.rows * 8, source), target);
}

function placeBigints(chunk: Chunk, target: BigInt64Array, source: ChunkSource): void {
  if (chunk.type === 'int64') {
    placeBytes(readBytes(chunk.values, source.rows * 8, source), target);
    return;
  }
  const integers = new Float64Array(source.rows);
  placeDoubles(chunk, integers, source);
  integers.forEach((value, row) => {
    // A missing one is no number.
    target[row] = Number.isInteger(value) ? BigInt(value) : 0n;
  });
}

function placeBytes(bytes: Uint8Array, { buffer, byteOffset, byteLength }: NodeJS.TypedArray): void {
  new Uint8Array(buffer, byteOffset, byteLength).set(bytes);
}

/** What a column holds where a value is missing. */
function markMissing({ type, array }: Values, nulls: Uint8Array, at: number): void {
  const missing = type === 'string' ? -1 : Number.NaN;
  nulls.forEach((isNull, row) => {
    if (isNull === 0) return;
    if (type === 'int64') array[at + row] = 0n;
    else array[at + row] = missing;
  });
}
