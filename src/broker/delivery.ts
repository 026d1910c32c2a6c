/** A task message as it was delivered, and the two ways to settle it. */
import type { ConsumeMessage } from 'amqplib';
import type { MessageProperties, Reply } from '../contract/transport.ts';
import type { Acks } from './acks.ts';
import { copyProperties } from './properties.ts';

/** A message that the broker holds for us until it is acknowledged or given back. */
export interface Delivery {
  readonly body: Buffer;
  readonly properties: MessageProperties;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The queue that it was consumed from; its routing key is another when it came through an exchange. */
  readonly queue: string;
  /** The name by which people know the queue: another one for a queue of this worker's own. */
  readonly alias: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  /** True once `ack` or `nack` has been called. */
  readonly settled: boolean;
  /** True once its channel is gone: the broker has taken the message back and delivers it again. */
  readonly lost: boolean;
  /**
   * Removes the message from its queue. Never throws; false when it was settled before, or is lost.
   *
   * @param unsent - called if its channel is lost before the ack has left, which may be a moment later.
   */
  ack(unsent?: () => void): boolean;
  /** Gives the message back to its queue, or rejects it (dead-lettered or dropped). Returns as `ack`. */
  nack(options: { readonly requeue: boolean }): boolean;
}

/** The life of a channel, shared by its deliveries: a delivery tag means nothing on another one. */
export interface DeliverySource {
  readonly acks: Acks;
  readonly queue: string;
  readonly alias: string;
  alive: boolean;
}

/** A delivery bound to the channel that brought it. */
export function createDelivery(source: DeliverySource, message: ConsumeMessage): Delivery {
  return new ChannelDelivery(source, message);
}

class ChannelDelivery implements Delivery {
  readonly #source: DeliverySource;
  readonly #message: ConsumeMessage;
  readonly properties: MessageProperties;
  readonly receivedAt = Date.now();
  #settled = false;

  constructor(source: DeliverySource, message: ConsumeMessage) {
    this.#source = source;
    this.#message = message;
    this.properties = toProperties(message);
    source.acks.expect(message);
  }

  get body(): Buffer {
    return this.#message.content;
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.properties.headers ?? {};
  }

  get queue(): string {
    return this.#source.queue;
  }

  get alias(): string {
    return this.#source.alias;
  }

  get exchange(): string {
    return this.#message.fields.exchange;
  }

  get routingKey(): string {
    return this.#message.fields.routingKey;
  }

  get redelivered(): boolean {
    return this.#message.fields.redelivered;
  }

  get settled(): boolean {
    return this.#settled;
  }

  get lost(): boolean {
    return !this.#source.alive;
  }

  ack(unsent: () => void = () => {}): boolean {
    return this.#settle((acks) => acks.ack(this.#message, unsent));
  }

  nack({ requeue }: { readonly requeue: boolean }): boolean {
    return this.#settle((acks) => acks.nack(this.#message, requeue));
  }

  #settle(send: (acks: Acks) => void): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    if (!this.#source.alive) return false;
    try {
      send(this.#source.acks);
      return true;
    } catch {
      // The channel is closing: its close event is still to come.
      return false;
    }
  }
}

/** The properties that were set, and only those. */
export function toProperties({ properties }: ConsumeMessage): MessageProperties {
  return copyProperties(properties);
}

/** A message from a queue of our own, as its listeners see it. */
export function toReply({ content, properties }: ConsumeMessage): Reply {
  const { correlationId, contentType, headers = {} } = properties;
  return { correlationId, contentType, headers, body: content };
}
