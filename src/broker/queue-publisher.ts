/** Publishing to queues that are declared when the first message comes to them. */
import type { ChannelModel } from 'amqplib';
import type { Publisher } from '../contract/transport.ts';
import { publishDeclaring } from '../protocol/publish-declared.ts';
import type { Session } from './session.ts';

/** A publisher for which no queue is missing. */
export function createQueuePublisher(
  session: Session,
  publisher: Publisher,
  declare: (connection: ChannelModel, queue: string) => Promise<void>,
): Publisher {
  return {
    publish(publication) {
      const queue = publication.routingKey;
      return publishDeclaring(
        publication,
        (each) => publisher.publish(each),
        () => session.declare(`declare queue '${queue}'`, (connection) => declare(connection, queue)),
      );
    },
  };
}
