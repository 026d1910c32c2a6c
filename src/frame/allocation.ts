/** The one place where memory for columns is allocated. */

/** Zeroed memory that all threads of the process see. */
export function allocateShared(byteLength: number): SharedArrayBuffer {
  return new SharedArrayBuffer(byteLength);
}

/** Zeroed doubles in shared memory. */
export function allocateFloat64(length: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(allocateShared(length * Float64Array.BYTES_PER_ELEMENT));
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
