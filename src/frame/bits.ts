/** Flags (a byte each, 0 or 1) as bits, lowest bit first: an eighth of the size. */

export function packBits(flags: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  for (let i = 0; i < flags.length; i += 1) {
    if (flags[i] === 1) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return bits;
}

/** @param flags gets as many flags as it has room for. */
export function unpackBits(bits: Uint8Array, flags: Uint8Array): void {
  for (let i = 0; i < flags.length; i += 1) flags[i] = ((bits[i >> 3] ?? 0) >> (i & 7)) & 1;
}
