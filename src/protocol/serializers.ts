/**
 * The serializers of message bodies, by kombu's names and content types (kombu/serialization.py). Whatever a body
 * came as, it is JSON text from here on; JSON itself is passed through, not parsed.
 */
import { isUtf8 } from 'node:buffer';
import type { JsonText } from '../contract/job.ts';
import type { MessageProperties } from '../contract/transport.ts';
import { ContentDisallowed, ProtocolError } from '../errors.ts';
import { type CompressionName, deflate, inflate, MAX_BODY_BYTES } from './compression.ts';
import { formatIsoDateTime } from './dates.ts';
import { isFields } from './fields.ts';
import { foreignJson } from './foreign-value.ts';
import { parseJson, stringifyJson } from './json.ts';
import { readMsgpack, writeMsgpack } from './msgpack.ts';
import { readPickle } from './pickle.ts';
import { PythonValue } from './python-value.ts';
import { readYaml, writeYaml } from './yaml.ts';

/** The serializers whose messages can be read. */
export type SerializerName = 'json' | 'yaml' | 'msgpack' | 'pickle';
/** Those in which messages can be written: pickle is only read. */
export type WritableSerializer = Exclude<SerializerName, 'pickle'>;

/** What every message of ours is written as, unless a client asks for another serializer. */
export const JSON_CONTENT = { contentType: 'application/json', contentEncoding: 'utf-8' } as const;

/** Celery's default for `accept_content`. */
const ACCEPT_JSON: readonly SerializerName[] = ['json'];

interface Serializer {
  readonly name: SerializerName;
  readonly contentType: string;
  readonly read: (body: Buffer) => JsonText;
}

export const serializers: readonly Serializer[] = [
  { name: 'json', contentType: JSON_CONTENT.contentType, read: readText },
  { name: 'yaml', contentType: 'application/x-yaml', read: (body) => foreignJson(readYaml(body)) },
  { name: 'msgpack', contentType: 'application/x-msgpack', read: (body) => foreignJson(readMsgpack(body)) },
  {
    name: 'pickle',
    contentType: 'application/x-python-serialize',
    read: (body) => foreignJson(readPickle(body)),
  },
];

/**
 * The body of a message as JSON text. The content encoding is ignored, as kombu ignores it for a content type that
 * it knows; what it calls `application/data` is no task and is not accepted.
 *
 * @param accept - the setting `acceptContent`.
 * @throws ContentDisallowed for a content type or compression that is not accepted.
 * @throws ProtocolError for bytes that are not what they are said to be, and for a body over 16 MiB.
 */
export function readBody(
  body: Buffer,
  { contentType = 'application/data', headers }: MessageProperties,
  accept: readonly SerializerName[] = ACCEPT_JSON,
): JsonText {
  const serializer = serializers.find((one) => one.contentType === contentType);
  if (serializer === undefined || !accept.includes(serializer.name)) {
    throw new ContentDisallowed(
      `content of type '${contentType}' is not accepted; send ${accept.join(' or ')} (Celery: task_serializer='${accept[0]}'), or accept it (OMEGA_ACCEPT_CONTENT)`,
    );
  }
  if (body.length > MAX_BODY_BYTES) {
    throw new ProtocolError(
      `a body of ${body.length} bytes is over the limit of ${MAX_BODY_BYTES}: store the data and send its name`,
    );
  }
  const compression = headers?.compression;
  return serializer.read(compression ? inflate(body, compression) : body);
}

/** A body as it is sent, and what the message must say of it. */
export interface WrittenBody {
  readonly body: Buffer;
  readonly properties: { readonly contentType: string; readonly contentEncoding: string };
  readonly headers: { readonly compression?: string };
}

/**
 * Writes a value as a body.
 *
 * @throws EncodeError if a part of it has no form in this serializer.
 */
export function writeBody(
  value: unknown,
  serializer: WritableSerializer = 'json',
  compression?: CompressionName,
): WrittenBody {
  const { body, ...properties } = serialize(value, serializer);
  if (compression === undefined) return { body, properties, headers: {} };
  const packed = deflate(body, compression);
  return { body: packed.body, properties, headers: { compression: packed.contentType } };
}

function serialize(
  value: unknown,
  serializer: WritableSerializer,
): { body: Buffer; contentType: string; contentEncoding: string } {
  const text = stringifyJson(value);
  switch (serializer) {
    case 'json':
      return { body: Buffer.from(text), ...JSON_CONTENT };
    case 'yaml':
      return {
        body: writeYaml(plain(parseJson(text))),
        contentType: 'application/x-yaml',
        contentEncoding: 'utf-8',
      };
    case 'msgpack':
      return {
        body: writeMsgpack(plain(parseJson(text))),
        contentType: 'application/x-msgpack',
        contentEncoding: 'binary',
      };
  }
}

/** Dates and Python's own types as text: only JSON has kombu's markers for them. Bytes stay bytes. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return formatIsoDateTime(value);
  if (value instanceof PythonValue) return value.text;
  if (Array.isArray(value)) return value.map(plain);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function readText(body: Buffer): JsonText {
  if (!isUtf8(body)) throw new ProtocolError('the body is not UTF-8 text');
  return body.toString('utf8') as JsonText;
}
