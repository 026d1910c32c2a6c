/** Arrays put together, and looked through. */
import { allocateFloat64, allocateInt32, allocateUint8 } from '../frame/allocation.ts';
import type { NumberArray } from '../frame/column.ts';

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

/** Whether no value is NaN or infinite. */
export function areFinite(values: NumberArray): boolean {
  let rest = 0;
  // Only NaN and the infinities differ from zero when taken from themselves.
  for (let i = 0; i < values.length; i += 1) rest += (values[i] as number) - (values[i] as number);
  return rest === 0;
}

/** How many values are NaN, and how many infinite. */
export function countNonFinite(values: NumberArray): { readonly missing: number; readonly infinite: number } {
  if (areFinite(values)) return { missing: 0, infinite: 0 };
  let [missing, infinite] = [0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) missing += 1;
    else if (!Number.isFinite(value)) infinite += 1;
  }
  return { missing, infinite };
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
