/**
 * Unpacks Zstandard (RFC 8878). Only frames that say how large their content is, as those of kombu do: so the
 * limit holds before anything is allocated.
 */
import { decompress } from 'fzstd';

const MAGIC = 0xfd2fb528;
/** Frames of any content, which are skipped: magic numbers 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE = 0x184d2a5;
const SINGLE_SEGMENT = 0x20;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const RLE_BLOCK = 1;
/** A compressor makes blocks of some KiB, a bomb for the processor makes millions of tiny ones. */
const MOST_TINY_BLOCKS = 1_000;
const LEAST_BLOCK_BYTES = 256;

interface Frame {
  /** Bytes of its content. */
  readonly size: number;
  /** Where the next one starts. */
  readonly end: number;
}

/** @throws Error for bytes that are no Zstandard, RangeError for more than `maxBytes`. */
export function inflateZstd(body: Buffer, maxBytes: number): Buffer {
  if (body.length === 0) throw new Error('it is empty');
  const parts: Uint8Array[] = [];
  let rest = maxBytes;
  for (let at = 0; at < body.length; ) {
    const { size, end } = readFrame(body, at);
    rest -= size;
    if (rest < 0) throw new RangeError('it is too large');
    if (size > 0) parts.push(decompress(body.subarray(at, end)));
    at = end;
  }
  return Buffer.concat(parts);
}

function readFrame(body: Buffer, start: number): Frame {
  const magic = body.readUInt32LE(start);
  if (magic >>> 4 === SKIPPABLE) return { size: 0, end: start + 8 + body.readUInt32LE(start + 4) };
  if (magic !== MAGIC) throw new Error('it has no Zstandard frame');
  const descriptor = body.readUInt8(start + 4);
  const isSingleSegment = (descriptor & SINGLE_SEGMENT) !== 0;
  const at = start + 5 + (isSingleSegment ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0);
  const [size, firstBlock] = readContentSize(body, at, descriptor >>> 6, isSingleSegment);
  const end = skipBlocks(body, firstBlock, size);
  const hasChecksum = (descriptor & 4) !== 0;
  return { size, end: end + (hasChecksum ? 4 : 0) };
}

/** The size, and where the field ends. `form`: the upper two bits of the frame's descriptor. */
function readContentSize(body: Buffer, at: number, form: number, isSingleSegment: boolean): [number, number] {
  if (form === 1) return [body.readUInt16LE(at) + 256, at + 2];
  if (form === 2) return [body.readUInt32LE(at), at + 4];
  if (form === 3) return [Number(body.readBigUInt64LE(at)), at + 8];
  if (isSingleSegment) return [body.readUInt8(at), at + 1];
  throw new Error('a frame does not say how large its content is');
}

/** Where the blocks of a frame end. */
function skipBlocks(body: Buffer, start: number, size: number): number {
  const most = MOST_TINY_BLOCKS + size / LEAST_BLOCK_BYTES;
  let at = start;
  for (let blocks = 1; ; blocks += 1) {
    if (blocks > most) throw new RangeError('it has too many blocks');
    const header = body.readUIntLE(at, 3);
    at += 3 + (((header >>> 1) & 3) === RLE_BLOCK ? 1 : header >>> 3);
    const isLast = (header & 1) === 1;
    if (isLast) return at;
  }
}
