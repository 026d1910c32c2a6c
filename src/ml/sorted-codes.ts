/** The rows of a node by their codes: cheaper than counting where the codes are many and the rows few. */
import type { Codes } from './forest-codes.ts';

/** Keys are ordered by code, then by position among the rows, which are fewer than codes by far. */
const KEY_BITS = 15;
const INSERTION_SORT_ROWS = 24;

/** Fills in a key for each row, ascending. */
export function sortByCode(keys: Uint32Array, codes: Codes, rows: Int32Array, start: number): void {
  for (let i = 0; i < keys.length; i += 1) {
    keys[i] = (codes[rows[start + i] as number] as number) * 2 ** KEY_BITS + i;
  }
  if (keys.length <= INSERTION_SORT_ROWS) insertionSort(keys);
  else keys.sort();
}

export function codeOf(key = 0): number {
  return key >>> KEY_BITS;
}

export function positionOf(key = 0): number {
  return key & (2 ** KEY_BITS - 1);
}

function insertionSort(keys: Uint32Array): void {
  for (let i = 1; i < keys.length; i += 1) {
    const key = keys[i] as number;
    let j = i - 1;
    while (j >= 0 && (keys[j] as number) > key) {
      keys[j + 1] = keys[j] as number;
      j -= 1;
    }
    keys[j + 1] = key;
  }
}
