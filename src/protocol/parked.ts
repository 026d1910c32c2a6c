/**
 * Copies of messages whose task runs. RabbitMQ takes a message back that is not acknowledged in time (`consumer_timeout`,
 * 30 minutes by default), so that of a long task is acknowledged while it runs, and a copy of it waits here: it returns to
 * its queue again and again, to be run if whoever runs the task now has died.
 */
import type { Publication } from '../contract/transport.ts';
import { copyMessage } from './copy.ts';
import type { RawMessage } from './task-message.ts';

const SUFFIX = '.omega.parked';
const MAX_NAME_BYTES = 255;

/** The queue for the copies of a task queue. */
export function parkedQueueOf(queue: string): string {
  return `${queue}${SUFFIX}`;
}

/** The task queue to which the copies in a parked queue return. */
export function taskQueueOf(parkedQueue: string): string {
  return parkedQueue.slice(0, -SUFFIX.length);
}

/** Whether the name leaves room for that of its parked queue. */
export function isParkable(queue: string): boolean {
  return Buffer.byteLength(queue) <= MAX_NAME_BYTES - SUFFIX.length;
}

/** A copy that is back in its queue after so many milliseconds. */
export function parkedCopy(
  raw: Pick<RawMessage, 'body' | 'properties'>,
  queue: string,
  milliseconds: number,
): Publication {
  const copy = copyMessage(raw, parkedQueueOf(queue), 'parked');
  const properties = { ...copy.properties, expiration: String(milliseconds), deliveryMode: 2 as const };
  return { ...copy, properties };
}
