/** Messages that RabbitMQ has delivered too often (`delivery-limit` of quorum queues) and dead-lettered. */
import type { Fields } from './fields.ts';

/** The queue from which the broker has taken a message on account of its limit; null for any other message. */
export function limitedQueueOf(headers: Fields): string | null {
  const { 'x-first-death-reason': reason, 'x-first-death-queue': queue } = headers;
  return reason === 'delivery_limit' && typeof queue === 'string' ? queue : null;
}
