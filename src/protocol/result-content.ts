/**
 * The serializers of results (Celery's `result_serializer` and `result_accept_content`). A message says how it is
 * written. What is stored does not: Celery's clients take it for what they write themselves, here its bytes tell.
 */
import type { JsonText } from '../contract/job.ts';
import { MessageTooLarge, ProtocolError } from '../errors.ts';
import { inflate } from './compression.ts';
import { foreignJson } from './foreign-value.ts';
import { readPickle } from './pickle.ts';
import { findClass } from './pickle-globals.ts';
import { MAX_INLINE_BYTES } from './result.ts';
import {
  type SerializerName,
  serializers,
  type WritableSerializer,
  type WrittenBody,
  writeBody,
} from './serializers.ts';
import { MAX_YAML_BYTES } from './yaml.ts';

export interface ResultContent {
  /** What results are written as. */
  readonly serializer: WritableSerializer;
  /** What is read. */
  readonly accept: readonly SerializerName[];
}

/** Celery's default. */
export const JSON_RESULTS: ResultContent = { serializer: 'json', accept: ['json'] };

/** Reads everything: as data, it is harmless. */
export const ANY_RESULTS: ResultContent = { serializer: 'json', accept: serializers.map(({ name }) => name) };

/** Text where the serializer has text, else bytes. */
export type Stored = string | Buffer;

/** What is read, and how. */
export interface Reading {
  readonly content: ResultContent;
  /** Names it in errors. */
  readonly where: string;
  /** Puts exception dicts in the place of the exceptions in a pickle. Other objects are refused. */
  readonly settle?: (value: unknown) => unknown;
}

/** What marks a compressed result (celery/backends/base.py `compress_payload`). */
const COMPRESSED = Buffer.from('\0celery-compressed\0');
const LINE_BREAK = 0x0a;

/** Writes JSON text as it is stored; JSON itself is passed through. @throws EncodeError if it has no such form. */
export function writeStored(text: JsonText, { serializer }: ResultContent): Stored {
  if (serializer === 'json') return text;
  const { body } = writeForeign(text, serializer);
  return serializer === 'msgpack' ? body : body.toString('utf8');
}

/**
 * Writes JSON text in another serializer.
 *
 * @throws EncodeError if it has no such form, MessageTooLarge if a document or a message might have no room for it.
 */
export function writeForeign(text: JsonText, serializer: WritableSerializer): WrittenBody {
  const limit = serializer === 'yaml' ? MAX_YAML_BYTES : MAX_INLINE_BYTES;
  // What is larger as JSON takes long to write, and is not much smaller then.
  const written = text.length <= limit ? writeBody(text, { serializer }) : null;
  if (written !== null && written.body.length <= limit) return written;
  throw new MessageTooLarge(
    `a result is larger than ${limit} bytes, the limit for ${serializer}: store it as a dataset and return its name, or write results as JSON`,
  );
}

/** What is stored as JSON text. @throws ProtocolError for what is not accepted, or not what it seems to be. */
export function readStored(stored: Stored, reading: Reading): JsonText {
  if (typeof stored === 'string') return readText(stored as JsonText, reading);
  const packed = stored.subarray(0, COMPRESSED.length).equals(COMPRESSED);
  const bytes = packed ? uncompressed(stored) : stored;
  // One byte is a small integer in msgpack. When it was compressed nobody can tell, and it is taken as Celery takes it.
  const own = packed ? reading.content.serializer : 'msgpack';
  return readAs(bytes.length === 1 ? own : serializerOf(bytes), bytes, reading);
}

/** The body of a message, by its content type. @throws as {@link readStored} */
export function readMessage(body: Buffer, contentType: string, reading: Reading): JsonText {
  const name = serializers.find((one) => one.contentType === contentType)?.name;
  if (name === undefined) throw notAccepted(`content of type '${contentType}'`, reading);
  return readAs(name, body, reading);
}

function readText(text: JsonText, reading: Reading): JsonText {
  const name = textSerializer(text.endsWith('\n'));
  if (name === 'yaml') return readAs(name, Buffer.from(text), reading);
  checkAccepted(name, reading);
  return text;
}

/** Pickles begin with the opcode PROTO, which in msgpack is all of an empty map. */
function serializerOf(bytes: Buffer): SerializerName {
  const first = bytes[0] ?? 0;
  if (first < 0x80) return textSerializer(bytes.at(-1) === LINE_BREAK);
  return first === 0x80 ? 'pickle' : 'msgpack';
}

/** PyYAML ends every document with a line break, and nobody ends JSON so. */
function textSerializer(endsLine: boolean): SerializerName {
  return endsLine ? 'yaml' : 'json';
}

function uncompressed(stored: Buffer): Buffer {
  const end = stored.indexOf(0, COMPRESSED.length);
  return inflate(stored.subarray(end + 1), stored.toString('latin1', COMPRESSED.length, end));
}

function readAs(name: SerializerName, bytes: Buffer, reading: Reading): JsonText {
  checkAccepted(name, reading);
  const { settle } = reading;
  if (name === 'pickle' && settle) return foreignJson(settle(readPickle(bytes, findClass)));
  const serializer = serializers.find((one) => one.name === name);
  if (serializer === undefined) throw notAccepted(name, reading);
  return serializer.read(bytes);
}

function checkAccepted(name: SerializerName, reading: Reading): void {
  if (!reading.content.accept.includes(name)) throw notAccepted(name, reading);
}

function notAccepted(what: string, { where, content }: Reading): ProtocolError {
  return new ProtocolError(
    `${where} is ${what}, and ${content.accept.join(' or ')} is accepted: accept it (OMEGA_RESULT_ACCEPT_CONTENT), or set result_serializer='${content.accept[0]}' where it was written`,
  );
}
