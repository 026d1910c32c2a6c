/** The one place where memory for columns is allocated and counted. */
import { MemoryLimitExceeded } from '../errors.ts';
import type { NumberArray } from './column.ts';
import { collectGarbage } from './garbage.ts';

/** Smaller ones do not count. */
const MIN_COUNTED_BYTES = 2 ** 14;
/**
 * After so many new bytes, or half of what is held where that is more, garbage is collected; below a limit, after a quarter
 * of it. On a busy machine a collection may take longer than reading 50 MB.
 */
const COLLECTED_BYTES = 128 * 2 ** 20;

/** Memory that may be in use, in bytes: what was dropped counts until it is collected. */
let held = 0;
let sinceCollection = 0;
let limit = Number.POSITIVE_INFINITY;

const counted = new FinalizationRegistry((bytes: number) => {
  held -= bytes;
});

/** @param bytes the most that columns of this thread may take together; default without limit. */
export function limitAllocations(bytes: number): void {
  limit = bytes;
}

/** What columns of this thread take together, in bytes; what was dropped counts until it is collected. */
export function allocatedBytes(): number {
  return held;
}

/** Zeroed memory that all threads of the process see. @throws MemoryLimitExceeded */
export function allocateShared(byteLength: number): SharedArrayBuffer {
  if (byteLength < MIN_COUNTED_BYTES) return new SharedArrayBuffer(byteLength);
  collectBefore(byteLength);
  if (held + byteLength > limit) throw beyondLimit(byteLength);
  const memory = new SharedArrayBuffer(byteLength);
  counted.register(memory, byteLength);
  held += byteLength;
  return memory;
}

/** Zeroed doubles in shared memory. */
export function allocateFloat64(length: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(allocateShared(length * Float64Array.BYTES_PER_ELEMENT));
}

/** Zeroed floats of 32 bits in shared memory. */
export function allocateFloat32(length: number): Float32Array<SharedArrayBuffer> {
  return new Float32Array(allocateShared(length * Float32Array.BYTES_PER_ELEMENT));
}

/** Zeroed 32-bit integers in shared memory. */
export function allocateInt32(length: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(allocateShared(length * Int32Array.BYTES_PER_ELEMENT));
}

/** Zeroed 64-bit integers in shared memory. */
export function allocateBigInt64(length: number): BigInt64Array<SharedArrayBuffer> {
  return new BigInt64Array(allocateShared(length * BigInt64Array.BYTES_PER_ELEMENT));
}

/** Zeroed bytes in shared memory. */
export function allocateUint8(length: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(allocateShared(length));
}

/** The numbers where all threads see them: as they are if they do, else a copy. */
export function toShared<Numbers extends NumberArray>(numbers: Numbers): Numbers {
  if (numbers.buffer instanceof SharedArrayBuffer) return numbers;
  const TypedArray = numbers.constructor as new (memory: SharedArrayBuffer) => Numbers;
  const shared = new TypedArray(allocateShared(numbers.byteLength));
  shared.set(numbers);
  return shared;
}

/**
 * V8 does not take shared memory for a reason to collect garbage: 25 frames of 50 MB, each dropped before the next, took
 * 1.3 GB.
 */
function collectBefore(byteLength: number): void {
  sinceCollection += byteLength;
  if (sinceCollection <= Math.min(Math.max(COLLECTED_BYTES, held / 2), limit / 4)) return;
  sinceCollection = 0;
  collectGarbage();
}

function beyondLimit(byteLength: number): MemoryLimitExceeded {
  const [more, taken, most] = [byteLength, held, limit].map((bytes) => `${Math.ceil(bytes / 2 ** 20)} MiB`);
  return new MemoryLimitExceeded(
    `a column of ${more} does not fit: columns take ${taken} of the ${most} that they may (OMEGA_FRAME_MEMORY_LIMIT); select fewer columns or rows, read in blocks, or raise the limit`,
  );
}
