/** Looking through a queue as an operator does: nothing is consumed but what is meant to be. */
import type { ChannelModel } from 'amqplib';
import type { QueuedMessage, Visit } from '../contract/transport.ts';
import { exists, onChannel } from './declare.ts';
import { copyProperties } from './properties.ts';

/**
 * Shows the messages that wait in a queue, in their order. Those that stay keep their places, but whoever takes them next
 * sees them as redelivered (`basic.get`, then the channel is closed).
 *
 * @returns false where there is no such queue.
 */
export async function visitQueue(
  connection: ChannelModel,
  queue: string,
  visit: (message: QueuedMessage) => Promise<Visit>,
): Promise<boolean> {
  if (!(await exists(connection, (channel) => channel.checkQueue(queue)))) return false;
  await onChannel(connection, async (channel) => {
    const { messageCount } = await channel.checkQueue(queue);
    for (let seen = 0; seen < messageCount; seen += 1) {
      const message = await channel.get(queue);
      if (message === false) return;
      const { content: body, properties } = message;
      const verdict = await visit({ body, properties: copyProperties(properties) });
      if (verdict === 'remove') channel.ack(message);
      if (verdict === 'stop') return;
    }
  });
  return true;
}
