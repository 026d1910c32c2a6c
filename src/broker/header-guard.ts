/**
 * Header tables that amqplib cannot read. RabbitMQ hands the headers of a message on as they were published, and
 * one that fails to be read costs the connection, again and again, since the message then comes back. There are two
 * kinds, and both are made readable in place, before amqplib sees them:
 *
 * - integers with the tag `L`: Python clients (py-amqp) write those beyond 32 bits so, and mean what `l` is;
 * - tables and lists in each other by the thousand, on which a reader that calls itself runs out of stack: from a
 *   depth on they become the bytes that they are.
 */
import type { ChannelModel } from 'amqplib';

/** What amqplib reads frames with: it calls `recvFrame` of its connection for each. */
interface FrameReader {
  /** What has arrived and is not read yet. */
  rest: Buffer;
  recvFrame(): unknown;
}

const HEADER_FRAME = 2;
const FRAME_HEADER_BYTES = 7;
/** Class, weight and size of the body. */
const BEFORE_FLAGS = 12;
const HAS_CONTENT_TYPE = 0x8000;
const HAS_CONTENT_ENCODING = 0x4000;
const HAS_HEADERS = 0x2000;

const MAX_DEPTH = 32;

/** Bytes of a value by its tag; those of texts, bytes, lists and tables come after their length. */
const FIXED_BYTES: ReadonlyMap<string, number> = new Map([
  ...Array.from('tbB', (tag): [string, number] => [tag, 1]),
  ...Array.from('su', (tag): [string, number] => [tag, 2]),
  ...Array.from('Iif', (tag): [string, number] => [tag, 4]),
  ...Array.from('ldLT', (tag): [string, number] => [tag, 8]),
  ['D', 5],
  ['V', 0],
]);

/** From now on every message that arrives on the connection has headers that can be read. */
export function guardHeaders({ connection }: ChannelModel): void {
  if (!isFrameReader(connection)) return;
  const recvFrame = connection.recvFrame.bind(connection);
  connection.recvFrame = () => {
    makeReadable(connection.rest);
    return recvFrame();
  };
}

function isFrameReader(connection: object): connection is FrameReader {
  return 'recvFrame' in connection && 'rest' in connection && Buffer.isBuffer(connection.rest);
}

/** Corrects the headers in the frame that the bytes start with, if it is there whole and has any. */
export function makeReadable(bytes: Buffer): void {
  if (bytes.length < FRAME_HEADER_BYTES || bytes[0] !== HEADER_FRAME) return;
  const end = FRAME_HEADER_BYTES + bytes.readUInt32BE(3);
  if (bytes.length < end) return;
  const flags = bytes.readUInt16BE(FRAME_HEADER_BYTES + BEFORE_FLAGS);
  if ((flags & HAS_HEADERS) === 0) return;
  let at = FRAME_HEADER_BYTES + BEFORE_FLAGS + 2;
  if (flags & HAS_CONTENT_TYPE) at += 1 + bytes.readUInt8(at);
  if (flags & HAS_CONTENT_ENCODING) at += 1 + bytes.readUInt8(at);
  correctTable(bytes, at + 4, at + 4 + bytes.readUInt32BE(at), 1);
}

function correctTable(bytes: Buffer, start: number, end: number, depth: number): void {
  for (let at = start; at < end; ) {
    at += 1 + bytes.readUInt8(at);
    at = correctValue(bytes, at, depth);
  }
}

function correctList(bytes: Buffer, start: number, end: number, depth: number): void {
  for (let at = start; at < end; ) at = correctValue(bytes, at, depth);
}

/** @returns where the value ends. */
function correctValue(bytes: Buffer, at: number, depth: number): number {
  const tag = String.fromCharCode(bytes.readUInt8(at));
  if (tag === 'L') bytes.write('l', at);
  const size = FIXED_BYTES.get(tag);
  if (size !== undefined) return at + 1 + size;
  const start = at + 5;
  const end = start + bytes.readUInt32BE(at + 1);
  const isNested = tag === 'F' || tag === 'A';
  if (isNested && depth === MAX_DEPTH) bytes.write('x', at);
  else if (tag === 'F') correctTable(bytes, start, end, depth + 1);
  else if (tag === 'A') correctList(bytes, start, end, depth + 1);
  return end;
}
