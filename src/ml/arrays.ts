/** Arrays put together. */
import { allocateFloat64, allocateInt32, allocateUint8 } from '../frame/allocation.ts';

/** The arrays one after the other, on shared memory. */
export function concatFloat64(parts: readonly Float64Array[]): Float64Array {
  return concat(parts, allocateFloat64);
}

/** The arrays one after the other, on shared memory. */
export function concatInt32(parts: readonly Int32Array[]): Int32Array {
  return concat(parts, allocateInt32);
}

/** The arrays one after the other, on shared memory. */
export function concatUint8(parts: readonly Uint8Array[]): Uint8Array {
  return concat(parts, allocateUint8);
}

function concat<Part extends Float64Array | Int32Array | Uint8Array>(
  parts: readonly Part[],
  allocate: (length: number) => Part,
): Part {
  const whole = allocate(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
