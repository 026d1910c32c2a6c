/** MessagePack bodies, as Python's `msgpack` reads and writes them. */
import { decode, encode } from '@msgpack/msgpack';
import { EncodeError, ProtocolError } from '../errors.ts';
import { MAX_DEPTH } from './json-parser.ts';

/**
 * The value of a message; bytes are a `Uint8Array`, timestamps a `Date`.
 *
 * @throws ProtocolError for what is no MessagePack.
 */
export function readMsgpack(body: Buffer): unknown {
  checkShape(body);
  try {
    return decode(body, { useBigInt64: true });
  } catch (error) {
    throw notMsgpack(error instanceof Error ? error.message : String(error));
  }
}

/** @throws EncodeError for an integer beyond 64 bits. */
export function writeMsgpack(value: unknown): Buffer {
  checkIntegers(value);
  try {
    return Buffer.from(encode(value, { useBigInt64: true, maxDepth: MAX_DEPTH + 1 }));
  } catch (error) {
    throw new EncodeError('the value cannot be written as msgpack: send it as JSON', { cause: error });
  }
}

/** The library would cut off what is too long. */
function checkIntegers(value: unknown): void {
  if (typeof value === 'bigint' && (value < -(2n ** 63n) || value >= 2n ** 64n)) {
    throw new EncodeError(
      `the integer ${value} has more than 64 bits, which msgpack has no room for: send it as JSON`,
    );
  }
  const isContainer = typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
  if (isContainer) for (const item of Object.values(value)) checkIntegers(item);
}

/**
 * The library makes room for as many items as a list says it has, before it reads them: so each list must say no
 * more than there can be, and not too many of them may be open at once.
 */
function checkShape(body: Buffer): void {
  const open = [1];
  let missing = 1;
  let at = 0;
  while (missing > 0) {
    while (open.at(-1) === 0) open.pop();
    open.push((open.pop() ?? 0) - 1);
    const token = readToken(body, at);
    at = token.end;
    missing += token.items - 1;
    if (token.items > 0) open.push(token.items);
    if (open.length > MAX_DEPTH + 1) throw notMsgpack(`nested deeper than ${MAX_DEPTH} levels`);
    if (missing > body.length - at) throw notMsgpack('it is cut off');
  }
}

/** Where a token ends, and how many values belong to it. */
interface Token {
  readonly end: number;
  readonly items: number;
}

/** Bytes after the first one of types 0xca to 0xd8, which have a fixed length. */
const FIXED_BYTES = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17] as const;

function readToken(body: Buffer, at: number): Token {
  const type = body[at] ?? 0;
  const end = at + 1;
  if (type < 0xc4 || type >= 0xe0) return { end: end + shortBytes(type), items: shortItems(type) };
  if (type >= 0xdc) return readCount(body, end, type);
  if (type < 0xc7) return { end: afterBytes(body, end, type - 0xc4, 0), items: 0 };
  if (type < 0xca) return { end: afterBytes(body, end, type - 0xc7, 1), items: 0 };
  if (type < 0xd9) return { end: end + (FIXED_BYTES[type - 0xca] ?? 0), items: 0 };
  return { end: afterBytes(body, end, type - 0xd9, 0), items: 0 };
}

/** A text of up to 31 bytes has its length in the type. */
function shortBytes(type: number): number {
  return type >= 0xa0 && type < 0xc0 ? type & 31 : 0;
}

/** So has a list or map of up to 15 items. */
function shortItems(type: number): number {
  if (type < 0x80 || type >= 0xa0) return 0;
  return type < 0x90 ? (type & 15) * 2 : type & 15;
}

/** Lists and maps with their count in 2 or 4 bytes: 0xdc to 0xdf. */
function readCount(body: Buffer, at: number, type: number): Token {
  const size = type % 2 === 0 ? 2 : 4;
  const count = readUInt(body, at, size);
  return { end: at + size, items: type < 0xde ? count : count * 2 };
}

/** The end of bytes that follow their count, which has 1, 2 or 4 bytes, and `more`. */
function afterBytes(body: Buffer, at: number, form: number, more: number): number {
  const size = 2 ** form;
  return at + size + readUInt(body, at, size) + more;
}

function readUInt(body: Buffer, at: number, size: number): number {
  if (at + size > body.length) throw notMsgpack('it is cut off');
  return body.readUIntBE(at, size);
}

function notMsgpack(detail: string): ProtocolError {
  return new ProtocolError(`not valid msgpack: ${detail}`);
}
