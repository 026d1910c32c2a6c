/** The acks of one channel, in as few frames as the order of its deliveries allows. */
import { type Channel, type ConsumeMessage, IllegalOperationError } from 'amqplib';
import { Pace } from './pace.ts';

interface Ack {
  readonly message: ConsumeMessage;
  readonly unsent: () => void;
}

export class Acks {
  readonly #channel: Channel;
  readonly #pace = new Pace(() => this.#send());
  /** What the broker waits for, by delivery tag, in the order of delivery. */
  readonly #open = new Map<number, ConsumeMessage>();
  /** Those of them that are to be acknowledged. */
  #done = new Map<number, Ack>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** A delivery that is to be settled here. To be called in the order of delivery. */
  expect(message: ConsumeMessage): void {
    this.#open.set(message.fields.deliveryTag, message);
  }

  /**
   * Acknowledges; while there is much to acknowledge, a millisecond later.
   *
   * @param unsent - called if the channel is lost before that.
   */
  ack(message: ConsumeMessage, unsent: () => void): void {
    this.#done.set(message.fields.deliveryTag, { message, unsent });
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

  /** The channel is gone. */
  lost(): void {
    this.#pace.stop();
    const unsent = this.#done;
    this.#done = new Map();
    this.#open.clear();
    for (const ack of unsent.values()) ack.unsent();
  }

  #send(): void {
    try {
      this.#sendDone();
    } catch (error) {
      // The channel is closing: what is left of them is lost with it.
      if (!(error instanceof IllegalOperationError)) throw error;
    }
  }

  /** One ack for all up to the first delivery that is not done, and one for each of the others. */
  #sendDone(): void {
    const first = this.#doneFromFirst();
    const last = first.at(-1);
    if (last) this.#channel.ack(last, true);
    for (const { fields } of first) this.#forget(fields.deliveryTag);
    for (const [tag, { message }] of this.#done) {
      this.#channel.ack(message);
      this.#forget(tag);
    }
  }

  #doneFromFirst(): readonly ConsumeMessage[] {
    const first: ConsumeMessage[] = [];
    for (const [tag, message] of this.#open) {
      if (!this.#done.has(tag)) break;
      first.push(message);
    }
    return first;
  }

  #forget(tag: number): void {
    this.#open.delete(tag);
    this.#done.delete(tag);
  }
}
