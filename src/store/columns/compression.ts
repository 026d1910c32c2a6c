/** Bytes of a block, deflated where that makes reading faster. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { CorruptObject } from '../../errors.ts';

/** As a block holds them. */
export type PackedBytes = Uint8Array | { readonly deflated: Uint8Array };

/**
 * Bytes that shrink to this share or below are inflated (1 to 2 ns a byte) in less time than it takes to send them
 * (2.7 ns a byte on one machine); those that shrink less are not.
 */
const WORTHWHILE = 0.25;
/** Shorter ones are left as they are. */
const MIN_BYTES = 1024;
/** What is tried first: most columns of doubles do not shrink, and deflating them whole takes 20 ns a byte. */
const SAMPLE_BYTES = 8192;
const FASTEST = { level: 1 };

export function packBytes(bytes: Uint8Array): PackedBytes {
  if (bytes.length < MIN_BYTES || !shrinks(sampleOf(bytes))) return bytes;
  const deflated = deflateRawSync(bytes, FASTEST);
  return isWorthwhile(deflated, bytes) ? { deflated } : bytes;
}

/**
 * @param limit the most bytes that there may be.
 * @param name of what they belong to, for the message.
 * @throws CorruptObject when there are more, or they are no deflated bytes.
 */
export function unpackBytes(packed: PackedBytes, limit: number, name: string): Uint8Array {
  if (packed instanceof Uint8Array) return packed;
  try {
    return inflateRawSync(packed.deflated, { maxOutputLength: Math.max(1, limit) });
  } catch (cause) {
    throw new CorruptObject(`a block of column '${name}' cannot be inflated: put the dataset again`, {
      cause,
    });
  }
}

/** From the middle. */
function sampleOf(bytes: Uint8Array): Uint8Array {
  const start = Math.max(0, (bytes.length - SAMPLE_BYTES) >> 1);
  return bytes.subarray(start, start + SAMPLE_BYTES);
}

function shrinks(sample: Uint8Array): boolean {
  return isWorthwhile(deflateRawSync(sample, FASTEST), sample);
}

function isWorthwhile(deflated: Uint8Array, bytes: Uint8Array): boolean {
  return deflated.length <= bytes.length * WORTHWHILE;
}
