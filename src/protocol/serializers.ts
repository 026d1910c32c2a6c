/** The serializers whose messages a worker reads, by content type (kombu/serialization.py). */
import { isUtf8 } from 'node:buffer';
import type { JsonText } from '../contract/job.ts';
import type { MessageProperties } from '../contract/transport.ts';
import { ContentDisallowed, ProtocolError } from '../errors.ts';

/** What every message of ours is written as. */
export const JSON_CONTENT = { contentType: 'application/json', contentEncoding: 'utf-8' } as const;

/** Turns a message's bytes into JSON text. */
type Serializer = (body: Buffer) => JsonText;

const serializers: ReadonlyMap<string, Serializer> = new Map([[JSON_CONTENT.contentType, readText]]);

/**
 * The body of a message as JSON text, not yet parsed. The content encoding is ignored, as kombu ignores it:
 * JSON is UTF-8.
 *
 * @throws ContentDisallowed for a content type that is not accepted, and for compressed bodies.
 * @throws ProtocolError for bytes that are no text.
 */
export function readBody(body: Buffer, properties: MessageProperties): JsonText {
  const contentType = properties.contentType ?? 'application/data';
  const serializer = serializers.get(contentType);
  if (serializer === undefined) {
    throw new ContentDisallowed(
      `content of type '${contentType}' is not accepted; send ${[...serializers.keys()].join(' or ')} (Celery: task_serializer='json')`,
    );
  }
  const compression = properties.headers?.compression;
  if (compression !== undefined && compression !== null) {
    throw new ContentDisallowed(
      `a body compressed as '${String(compression)}' is not accepted; send it uncompressed (Celery: task_compression=None)`,
    );
  }
  return serializer(body);
}

function readText(body: Buffer): JsonText {
  if (!isUtf8(body)) throw new ProtocolError('the body is not UTF-8 text');
  return body.toString('utf8') as JsonText;
}
