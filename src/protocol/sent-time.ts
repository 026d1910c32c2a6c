/**
 * When a message was sent, by the names that RabbitMQ's own timestamps have: the property `timestamp`, in seconds, and the
 * header `timestamp_in_ms`. So what is sent by strangers has both where the broker adds them
 * (`message_interceptors.incoming.set_header_timestamp`).
 */
import type { MessageProperties } from '../contract/transport.ts';
import type { Fields } from './fields.ts';

const HEADER = 'timestamp_in_ms';

/** What says when a message was sent, by its property and its header. */
export function sentTime(now: Date): {
  readonly property: Required<Pick<MessageProperties, 'timestamp'>>;
  readonly header: Fields;
} {
  const milliseconds = now.getTime();
  return { property: { timestamp: Math.floor(milliseconds / 1000) }, header: { [HEADER]: milliseconds } };
}

/** When a message was sent, in milliseconds since the epoch; null for one that does not say it. */
export function readSentTime({ headers = {}, timestamp }: MessageProperties): number | null {
  const milliseconds = headers[HEADER];
  if (isTime(milliseconds)) return milliseconds;
  return isTime(timestamp) ? timestamp * 1000 : null;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
