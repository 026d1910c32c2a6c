/**
 * The serializers of message bodies, by kombu's names and content types (kombu/serialization.py). Whatever a body
 * came as, it is JSON text from here on; JSON itself is passed through, not parsed.
 */
import { isUtf8 } from 'node:buffer';
import type { JsonText } from '../contract/job.ts';
import type { MessageProperties } from '../contract/transport.ts';
import { ContentDisallowed, ProtocolError, SecurityError } from '../errors.ts';
import { type CompressionName, deflate, inflate, MAX_BODY_BYTES } from './compression.ts';
import { formatIsoDateTime } from './dates.ts';
import { isFields } from './fields.ts';
import { foreignJson } from './foreign-value.ts';
import { parseJson } from './json.ts';
import { readMsgpack, writeMsgpack } from './msgpack.ts';
import { readPickle } from './pickle.ts';
import { PythonValue } from './python-value.ts';
import { type Content, SIGNED_CONTENT, type Sign, type Verify } from './signed-body.ts';
import { readYaml, writeYaml } from './yaml.ts';

/** The serializers whose messages can be read; `auth` is a signed message of another one. */
export type SerializerName = 'json' | 'yaml' | 'msgpack' | 'pickle' | 'auth';
/** Those in which messages can be written: pickle is only read, and signing comes on top. */
export type WritableSerializer = Exclude<SerializerName, 'pickle' | 'auth'>;

/** How the messages of a process are written. */
export interface Encoding {
  /** Of what names no other. Default: `json`. */
  readonly serializer?: WritableSerializer;
  /** Signs every message. Default: none is signed. */
  readonly sign?: Sign;
}

/** What every message of ours is written as, unless a client asks for another serializer. */
export const JSON_CONTENT = { contentType: 'application/json', contentEncoding: 'utf-8' } as const;

/** Celery's default for `accept_content`. */
const ACCEPT_JSON: readonly SerializerName[] = ['json'];

interface Serializer {
  readonly name: Exclude<SerializerName, 'auth'>;
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
 * it knows; what it calls `application/data` is a signed message.
 *
 * @param accept - the setting `acceptContent`.
 * @param verify - of signed messages.
 * @throws ContentDisallowed for a content type or compression that is not accepted.
 * @throws SecurityError for a signed message that cannot be trusted.
 * @throws ProtocolError for bytes that are not what they are said to be, and for a body over 16 MiB.
 */
export function readBody(
  body: Buffer,
  { contentType = SIGNED_CONTENT.contentType, headers }: MessageProperties,
  accept: readonly SerializerName[] = ACCEPT_JSON,
  verify?: Verify,
): JsonText {
  const isSigned = contentType === SIGNED_CONTENT.contentType && accept.includes('auth');
  const hint = `send ${accept.join(' or ')} (Celery: task_serializer='${accept[0]}')`;
  const read = isSigned ? null : acceptedSerializer(contentType, accept, hint).read;
  if (body.length > MAX_BODY_BYTES) {
    throw new ProtocolError(
      `a body of ${body.length} bytes is over the limit of ${MAX_BODY_BYTES}: store the data and send its name`,
    );
  }
  const compression = headers?.compression;
  const unpacked = compression ? inflate(body, compression) : body;
  return read === null ? readSigned(unpacked, accept, verify) : read(unpacked);
}

/** What is signed is JSON, or of another serializer that is accepted. */
function readSigned(packed: Buffer, accept: readonly SerializerName[], verify?: Verify): JsonText {
  if (verify === undefined) throw new SecurityError('signed messages cannot be verified here');
  const { contentType, body } = verify(packed);
  const hint = "sign JSON (Celery: setup_security(serializer='json'))";
  return acceptedSerializer(contentType, [...ACCEPT_JSON, ...accept], hint).read(body);
}

/** @throws ContentDisallowed */
function acceptedSerializer(
  contentType: string,
  accept: readonly SerializerName[],
  hint: string,
): Serializer {
  const serializer = serializers.find((one) => one.contentType === contentType);
  if (serializer !== undefined && accept.includes(serializer.name)) return serializer;
  throw new ContentDisallowed(
    `content of type '${contentType}' is not accepted; ${hint}, or accept it (OMEGA_ACCEPT_CONTENT)`,
  );
}

/** A body as it is sent, and what the message must say of it. */
export interface WrittenBody {
  readonly body: Buffer;
  readonly properties: { readonly contentType: string; readonly contentEncoding: string };
  readonly headers: { readonly compression?: string };
}

/**
 * Writes JSON text as a body.
 *
 * @throws EncodeError if a part of it has no form in this serializer.
 */
export function writeBody(
  text: JsonText,
  { serializer = 'json', sign }: Encoding = {},
  compression?: CompressionName,
): WrittenBody {
  const content = serialize(text, serializer);
  const { body, ...properties } = sign ? { body: sign(content), ...SIGNED_CONTENT } : content;
  if (compression === undefined) return { body, properties, headers: {} };
  const packed = deflate(body, compression);
  return { body: packed.body, properties, headers: { compression: packed.contentType } };
}

function serialize(text: JsonText, serializer: WritableSerializer): Content {
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
