/** Copies of messages that cannot run, for the operator: to be looked at, corrected and sent again. */
import type { Publication } from '../contract/transport.ts';
import { copyMessage } from './copy.ts';
import { formatIsoDateTime, parseIsoDateTime } from './dates.ts';
import type { Fields } from './fields.ts';
import { sentTime } from './sent-time.ts';
import type { RawMessage } from './task-message.ts';

/** Why the message is there. */
const REASON_HEADER = 'x-omega-reason';
/** The queue that it came from. */
const QUEUE_HEADER = 'x-omega-queue';
/** Since when. */
const TIME_HEADER = 'x-omega-time';

/** What a copy is made of. */
type Source = Pick<RawMessage, 'body' | 'properties'>;

const MAX_NAME_BYTES = 255;
const MAX_REASON = 1_000;
/** Of headers that cannot be sent again only so much is kept. */
const MAX_KEPT_HEADERS = 64;
const MAX_KEPT_TEXT = 255;

/** The queue for what cannot run of a queue: its name and `.dead`, shortened where that is too long. */
export function deadQueueOf(queue: string): string {
  const suffix = '.dead';
  const bytes = Buffer.from(queue).subarray(0, MAX_NAME_BYTES - suffix.length);
  const isWhole = bytes.toString() === queue;
  return `${isWhole ? queue : bytes.toString('latin1').replace(/[^ -~]/g, '?')}${suffix}`;
}

/** What a dead letter says of itself; null where it does not, because somebody else has put it there. */
export interface Death {
  readonly reason: string | null;
  readonly queue: string | null;
  readonly time: Date | null;
}

/** Why a message is in a dead queue. */
export function readDeath({ properties: { headers = {} } }: Pick<Source, 'properties'>): Death {
  const text = (name: string): string | null => {
    const value = headers[name];
    return typeof value === 'string' ? value : null;
  };
  const time = text(TIME_HEADER);
  return {
    reason: text(REASON_HEADER),
    queue: text(QUEUE_HEADER),
    time: time === null ? null : parseIsoDateTime(time),
  };
}

/** The message of a dead letter, as it was before but sent now, on its way to a queue. */
export function revivedMessage(letter: Source, queue: string): Publication {
  const { headers = {} } = letter.properties;
  const { [REASON_HEADER]: _reason, [QUEUE_HEADER]: _queue, [TIME_HEADER]: _time, ...own } = headers;
  const sent = sentTime(new Date());
  const properties = { ...letter.properties, ...sent.property, headers: { ...own, ...sent.header } };
  return copyMessage({ body: letter.body, properties }, queue, null);
}

/** The message, byte for byte, with its headers and properties, on its way to the dead queue of its queue. */
export function deadLetter(raw: Source, queue: string, reason: string, now = new Date()): Publication {
  const copy = copyMessage(raw, deadQueueOf(queue), null);
  const headers = {
    ...copy.properties.headers,
    [REASON_HEADER]: reason.slice(0, MAX_REASON),
    [QUEUE_HEADER]: queue,
    [TIME_HEADER]: formatIsoDateTime(now),
  };
  return { ...copy, properties: { ...copy.properties, headers, deliveryMode: 2 } };
}

/** As {@link deadLetter}, with nothing but short texts and numbers in the headers: the others cannot be sent again. */
export function bareDeadLetter(raw: Source, queue: string, reason: string): Publication {
  const { contentType, contentEncoding, headers = {} } = raw.properties;
  const properties = {
    ...(isShort(contentType) ? { contentType } : {}),
    ...(isShort(contentEncoding) ? { contentEncoding } : {}),
    headers: shortHeaders(headers),
  };
  return deadLetter({ body: raw.body, properties }, queue, reason);
}

function shortHeaders(headers: Fields): Fields {
  const kept = Object.entries(headers).filter(
    ([name, value]) => isShort(name) && (isShort(value) || Number.isSafeInteger(value)),
  );
  return Object.fromEntries(kept.slice(0, MAX_KEPT_HEADERS));
}

function isShort(text: unknown): text is string {
  return typeof text === 'string' && Buffer.byteLength(text) <= MAX_KEPT_TEXT;
}
