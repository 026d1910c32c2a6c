/** Results as messages to the client's reply queue (Celery's `rpc://`, celery/backends/rpc.py). */
import type { Publication, Publisher } from '../contract/transport.ts';
import { encodeResult, isInline, type TaskResult } from '../protocol/result.ts';
import { JSON_CONTENT } from '../protocol/serializers.ts';
import type { ResultBackend } from './backend.ts';
import type { LargeResults } from './large-results.ts';

/** A task whose message names no reply queue is passed over. What is too large for a reply is put into `large`. */
export function createRpcBackend(publisher: Publisher, large: Pick<LargeResults, 'park'>): ResultBackend {
  const sending = new Set<Promise<void>>();
  return {
    async store(result) {
      if (result.replyTo === null) return;
      const kept = isInline(result) ? result : await large.park(result);
      const sent = publisher.publish(replyOf(kept, result.replyTo));
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

/** A reply. Dropped if the queue is gone: so is its client, who alone may declare it. */
export function replyOf(result: TaskResult, replyTo: string): Publication {
  return {
    exchange: '',
    routingKey: replyTo,
    body: Buffer.from(encodeResult(result)),
    properties: {
      contentType: JSON_CONTENT.contentType,
      contentEncoding: JSON_CONTENT.contentEncoding,
      correlationId: result.correlationId,
      deliveryMode: 1,
      priority: 0,
      headers: {},
    },
    unroutable: 'drop',
  };
}
