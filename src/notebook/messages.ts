/**
 * Messages of the Jupyter protocol on the wire, signed with HMAC-SHA256
 * (https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol).
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { isObject, type JsonObject, objectOf, textOf } from './json-object.ts';

/** A message from a kernel. */
export interface KernelMessage {
  readonly type: string;
  /** When the kernel made it, ISO 8601. */
  readonly date: string;
  /** Id of the request that it answers, empty where there is none. */
  readonly parentId: string;
  readonly content: JsonObject;
}

/** A request as it is sent. */
interface EncodedRequest {
  readonly id: string;
  readonly frames: readonly Buffer[];
}

/** Signs what is sent with the connection's key and drops what is not signed with it. */
export interface Session {
  encode(type: string, content: JsonObject): EncodedRequest;
  /** Null for a message that is malformed or was not signed with the key. */
  decode(frames: readonly Buffer[]): KernelMessage | null;
}

const PROTOCOL_VERSION = '5.3';
const DELIMITER = Buffer.from('<IDS|MSG>');

/** @param key the `key` of the connection file. */
export function createSession(key: string): Session {
  const session = randomUUID();
  const sign = (parts: readonly Buffer[]): Buffer => {
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    return Buffer.from(hmac.digest('hex'));
  };

  function encode(type: string, content: JsonObject): EncodedRequest {
    const id = randomUUID();
    const header = {
      msg_id: id,
      msg_type: type,
      session,
      username: 'omega',
      date: new Date().toISOString(),
      version: PROTOCOL_VERSION,
    };
    const parts = [header, {}, {}, content].map((part) => Buffer.from(JSON.stringify(part)));
    return { id, frames: [DELIMITER, sign(parts), ...parts] };
  }

  function decode(frames: readonly Buffer[]): KernelMessage | null {
    const start = frames.findIndex((frame) => frame.equals(DELIMITER)) + 1;
    const [signature, ...parts] = frames.slice(start, start + 5);
    if (start === 0 || signature === undefined || parts.length < 4) return null;
    const expected = sign(parts);
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return null;
    return readParts(parts);
  }

  return { encode, decode };
}

function readParts(parts: readonly Buffer[]): KernelMessage | null {
  const [header, parent, , content] = parts.map(parse);
  if (!isObject(header) || !isObject(content)) return null;
  return {
    type: textOf(header.msg_type),
    date: textOf(header.date) || new Date().toISOString(),
    parentId: textOf(objectOf(parent).msg_id),
    content,
  };
}

function parse(part: Buffer): unknown {
  try {
    return JSON.parse(part.toString('utf8'));
  } catch {
    return null;
  }
}
