/** The split of a dataset into rows to fit on and rows to score on. */

/** Share of the rows that is held out of the fit. */
const HELD_OUT_PERCENT = 20;

/**
 * Whether a row is held out: a hash of its number (murmur3's finalizer), so that a seed always gives the same
 * rows, in any language.
 */
export function isHeldOut(row: number, seed: number): boolean {
  let hash = (row + Math.imul(seed, 0x9e3779b9)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0;
  hash = (hash ^ (hash >>> 16)) >>> 0;
  return hash % 100 < HELD_OUT_PERCENT;
}
