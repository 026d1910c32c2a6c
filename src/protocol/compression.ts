/**
 * Compressed bodies (kombu/compression.py). A message says by its header `compression` how its body is packed;
 * how large it gets is limited while it is unpacked, so that a small message cannot fill the memory.
 */
import * as zlib from 'node:zlib';
import { ContentDisallowed, EncodeError, ProtocolError } from '../errors.ts';
import { inflateBzip2 } from './bzip2.ts';
import { describe } from './fields.ts';
import { inflateZstd } from './zstd.ts';

/** How a client's messages may be packed. `zstd` needs Node 22.15 or newer. */
export type CompressionName = 'gzip' | 'zstd';

/** Largest body in bytes, unpacked. RabbitMQ 4 takes no larger message either. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** @throws whatever: {@link inflate} makes a ProtocolError of it. */
type Inflate = (body: Buffer, maxBytes: number) => Buffer;

const GZIP = 'application/x-gzip';
const ZSTD = 'application/zstd';

/** By content type and by kombu's aliases. kombu's gzip is a zlib stream. */
const inflaters: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ...named([GZIP, 'gzip', 'zlib'], (body, maxOutputLength) => zlib.inflateSync(body, { maxOutputLength })),
  ...named(['application/x-bz2', 'bzip2', 'bzip'], inflateBzip2),
  ...named([ZSTD, 'zstd', 'zstandard'], inflateZstd),
  ...named(['application/x-brotli', 'brotli'], (body, maxOutputLength) =>
    zlib.brotliDecompressSync(body, { maxOutputLength }),
  ),
]);

/**
 * Unpacks a body.
 *
 * @param compression - the header's value.
 * @throws ContentDisallowed for a compression that is not known.
 * @throws ProtocolError for bytes that are not so packed, and for what is larger than `maxBytes`.
 */
export function inflate(body: Buffer, compression: unknown, maxBytes = MAX_BODY_BYTES): Buffer {
  const unpack = typeof compression === 'string' ? inflaters.get(compression) : undefined;
  if (unpack === undefined) {
    throw new ContentDisallowed(
      `a body whose compression is ${describe(compression)} is not accepted; send it as gzip, bzip2, zstd or uncompressed (Celery: task_compression)`,
    );
  }
  try {
    return unpack(body, maxBytes);
  } catch (error) {
    throw new ProtocolError(
      `the body cannot be unpacked as ${describe(compression)}: ${error instanceof Error ? error.message : String(error)}; it may have ${maxBytes} bytes when unpacked`,
      { cause: error },
    );
  }
}

/**
 * Packs a body; the content type is what the header `compression` says.
 *
 * @throws EncodeError where this Node has no zstd.
 */
export function deflate(body: Buffer, compression: CompressionName): { body: Buffer; contentType: string } {
  if (compression === 'gzip') return { body: zlib.deflateSync(body), contentType: GZIP };
  // Not in the types of Node 20.
  const { zstdCompressSync } = zlib as { zstdCompressSync?: (body: Buffer) => Buffer };
  if (zstdCompressSync) return { body: zstdCompressSync(body), contentType: ZSTD };
  throw new EncodeError(`Node ${process.version} cannot write zstd: use Node 22.15 or newer, or gzip`);
}

function named(names: readonly string[], unpack: Inflate): [string, Inflate][] {
  return names.map((name) => [name, unpack]);
}
