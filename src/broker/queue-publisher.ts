/** Publishing to queues that are declared when the first message comes to them. */
import type { ChannelModel } from 'amqplib';
import type { Publisher } from '../contract/transport.ts';
import { Unroutable } from '../errors.ts';
import type { Session } from './session.ts';

/** A publisher for which no queue is missing. */
export function createQueuePublisher(
  session: Session,
  publisher: Publisher,
  declare: (connection: ChannelModel, queue: string) => Promise<void>,
): Publisher {
  return {
    async publish(publication) {
      try {
        await publisher.publish(publication);
      } catch (error) {
        if (!(error instanceof Unroutable)) throw error;
        const queue = publication.routingKey;
        await session.perform(`declare queue '${queue}'`, (connection) => declare(connection, queue));
        await publisher.publish(publication);
      }
    },
  };
}
