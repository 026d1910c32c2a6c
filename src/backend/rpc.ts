/** Results as messages to the client's reply queue (Celery's `rpc://`, celery/backends/rpc.py). */
import type { Publication, Publisher } from '../contract/transport.ts';
import { isInline, type TaskResult } from '../protocol/result.ts';
import { writeReply } from '../protocol/stored-result.ts';
import { contentOf, type ResultBackend, type ResultOptions } from './backend.ts';
import type { LargeResults } from './large-results.ts';

/** How replies are written. */
export type ReplyOptions = Pick<ResultOptions, 'content' | 'persistent'>;

/** A task whose message names no reply queue is passed over. What is too large for a reply is put into `large`. */
export function createRpcBackend(
  publisher: Publisher,
  large: Pick<LargeResults, 'park'>,
  options: ReplyOptions = {},
): ResultBackend {
  const sending = new Set<Promise<void>>();
  return {
    async store(result) {
      if (result.replyTo === null) return;
      const kept = isInline(result) ? result : await large.park(result);
      const sent = publisher.publish(replyOf(kept, result.replyTo, options));
      sending.add(sent);
      try {
        await sent;
      } finally {
        sending.delete(sent);
      }
    },
    async close() {
      await Promise.allSettled(sending);
    },
  };
}

/** A reply. Dropped if the queue is gone: so is its client, who alone may declare it. @throws EncodeError */
export function replyOf(result: TaskResult, replyTo: string, options: ReplyOptions): Publication {
  const { body, properties } = writeReply(result, contentOf(options));
  return {
    exchange: '',
    routingKey: replyTo,
    body,
    properties: {
      ...properties,
      correlationId: result.correlationId,
      deliveryMode: options.persistent ? 2 : 1,
      priority: 0,
      headers: {},
    },
    unroutable: 'drop',
  };
}
