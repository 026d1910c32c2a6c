/** The acks of one channel, in as few frames as the order of its deliveries allows. */
import type { Channel, ConsumeMessage } from 'amqplib';
import { Pace } from './pace.ts';

export class Acks {
  readonly #channel: Channel;
  readonly #pace = new Pace(() => this.#send());
  /** What the broker waits for, by delivery tag, in the order of delivery. */
  readonly #open = new Map<number, ConsumeMessage>();
  /** Those of them that are to be acknowledged. */
  readonly #done = new Map<number, ConsumeMessage>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** A delivery that is to be settled here. To be called in the order of delivery. */
  expect(message: ConsumeMessage): void {
    this.#open.set(message.fields.deliveryTag, message);
  }

  /** Acknowledges; while there is much to acknowledge, a millisecond later. @throws what amqplib throws on a closed channel. */
  ack(message: ConsumeMessage): void {
    this.#done.set(message.fields.deliveryTag, message);
    this.#pace.request();
  }

  /** @throws what amqplib throws on a closed channel. */
  nack(message: ConsumeMessage, requeue: boolean): void {
    this.#open.delete(message.fields.deliveryTag);
    this.#channel.nack(message, false, requeue);
  }

  /** Sends what waits to be sent: the channel will be closed. */
  flush(): void {
    this.#pace.flush();
  }

  /** One ack for all up to the first delivery that is not done, and one for each of the others. */
  #send(): void {
    let last: ConsumeMessage | undefined;
    for (const [tag, message] of this.#open) {
      if (!this.#done.delete(tag)) break;
      this.#open.delete(tag);
      last = message;
    }
    if (last) this.#channel.ack(last, true);
    for (const [tag, message] of this.#done) {
      this.#open.delete(tag);
      this.#channel.ack(message);
    }
    this.#done.clear();
  }
}
