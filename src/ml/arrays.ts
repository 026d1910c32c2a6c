/** Arrays put together. */
import { allocateFloat64, allocateInt32 } from '../frame/allocation.ts';

/** The arrays one after the other, on shared memory. */
export function concatFloat64(parts: readonly Float64Array[]): Float64Array {
  return concat(parts, allocateFloat64);
}

/** The arrays one after the other, on shared memory. */
export function concatInt32(parts: readonly Int32Array[]): Int32Array {
  return concat(parts, allocateInt32);
}

function concat<Part extends Float64Array | Int32Array>(
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
