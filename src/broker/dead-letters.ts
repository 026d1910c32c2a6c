/** Publishing to the queues of what cannot run, each declared when the first message comes to it. */
import type { Publisher } from '../contract/transport.ts';
import { Unroutable } from '../errors.ts';
import type { Session } from './session.ts';
import { declareDeadQueue } from './topology.ts';

/** A publisher for which no queue is missing. */
export function createDeadLetters(session: Session, publisher: Publisher): Publisher {
  return {
    async publish(letter) {
      try {
        await publisher.publish(letter);
      } catch (error) {
        if (!(error instanceof Unroutable)) throw error;
        const queue = letter.routingKey;
        await session.perform(`declare queue '${queue}'`, (connection) =>
          declareDeadQueue(connection, queue),
        );
        await publisher.publish(letter);
      }
    },
  };
}
