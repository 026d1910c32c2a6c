/** The distinct strings of a column, each with a code. */

/** Power of two. */
const CACHE_SLOTS = 4096;
/** Longer strings are decoded each time. */
const CACHED_BYTES = 64;
const EMPTY = new Uint8Array(0);

export class StringDictionary {
  readonly #codes = new Map<string, number>();
  readonly #texts: string[] = [];
  /** Recently met encoded strings, by hash: repeated ones are recognized without being decoded. */
  readonly #cachedBytes: Uint8Array[] = new Array<Uint8Array>(CACHE_SLOTS).fill(EMPTY);
  readonly #cachedCodes = new Int32Array(CACHE_SLOTS).fill(-1);

  /** In order of their codes. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  /** The string's code, a new one when it has none yet. */
  codeOf(text: string): number {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    const code = this.#texts.push(text) - 1;
    this.#codes.set(text, code);
    return code;
  }

  /** As {@link codeOf}, for a string in UTF-8 at `start` to `end` (exclusive). */
  codeOfUtf8(bytes: Buffer, start: number, end: number): number {
    if (end - start > CACHED_BYTES) return this.codeOf(bytes.toString('utf8', start, end));
    const slot = hashOf(bytes, start, end) & (CACHE_SLOTS - 1);
    const cached = this.#cachedCodes[slot] ?? -1;
    if (cached >= 0 && isEqual(this.#cachedBytes[slot] ?? EMPTY, bytes, start, end)) return cached;
    const code = this.codeOf(bytes.toString('utf8', start, end));
    this.#cachedBytes[slot] = Uint8Array.prototype.slice.call(bytes, start, end);
    this.#cachedCodes[slot] = code;
    return code;
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i += 1) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash ^ (hash >>> 16);
}

function isEqual(cached: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (cached.length !== end - start) return false;
  for (let i = 0; i < cached.length; i += 1) {
    if (cached[i] !== bytes[start + i]) return false;
  }
  return true;
}
