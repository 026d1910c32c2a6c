/** Integers as MongoDB holds them. */
import { InvalidData } from '../errors.ts';
import { isPlainObject } from '../frame/tabular.ts';

/**
 * Checks a value with all that is in it.
 *
 * @param name of what it is stored in, for the message.
 * @throws InvalidData for an integer beyond 64 bits, of which MongoDB would keep the last 64.
 */
export function requireInt64(value: unknown, name: string): void {
  // A set is walked to its end while it grows, and holds what contains itself once.
  const met = new Set([value]);
  for (const item of met) {
    if (typeof item === 'bigint' && BigInt.asIntN(64, item) !== item) {
      throw new InvalidData(`'${name}' holds ${item}, which is beyond 64 bits: store it as text`);
    }
    for (const inner of partsOf(item)) met.add(inner);
  }
}

/** What may be, or may hold, a large integer. */
function partsOf(value: unknown): unknown[] {
  if (!Array.isArray(value) && !isPlainObject(value)) return [];
  return Object.values(value).filter((part) => typeof part === 'bigint' || typeof part === 'object');
}
