/** Sends what shall arrive later through Celery's delay queues. */
import type { Broker } from '../broker/broker.ts';
import type { Publication } from '../contract/transport.ts';
import { delayUntil } from '../protocol/delay.ts';
import { publishDeclaring } from '../protocol/publish-declared.ts';

export interface Delays {
  /**
   * Publishes a message to its queue, so that it arrives at `eta`; at once when that is null, past or less than a
   * second away. Resolves when the broker has confirmed.
   *
   * @throws Unroutable, MessageTooLarge, MessageRefused, OperationalError
   */
  publish(publication: Publication, eta: Date | null): Promise<void>;
}

/** The delay queues are declared when the first message needs them: they are 28, and most workers need none. */
export function createDelays({
  publisher,
  declareDelayed,
}: Pick<Broker, 'publisher' | 'declareDelayed'>): Delays {
  const prepared = new Map<string, Promise<void>>();

  function prepare(queue: string): Promise<void> {
    const known = prepared.get(queue);
    if (known) return known;
    const declared = declareDelayed(queue);
    prepared.set(queue, declared);
    declared.catch(() => prepared.delete(queue));
    return declared;
  }

  return {
    async publish(publication, eta) {
      const delayed = delayUntil(publication, eta, new Date());
      if (delayed === publication) return await publisher.publish(publication);
      const queue = publication.routingKey;
      await prepare(queue);
      await publishDeclaring(
        delayed,
        (each) => publisher.publish(each),
        () => {
          // The delay queues were deleted since.
          prepared.delete(queue);
          return prepare(queue);
        },
      );
    },
  };
}
