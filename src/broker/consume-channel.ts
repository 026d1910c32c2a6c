/**
 * A channel that consumes one task queue, and can be told to stop and to go on. One queue only: the broker
 * closes the channel when it refuses a consumer, and every delivery of that channel comes back.
 */
import type { Channel, ChannelModel } from 'amqplib';
import { Acks } from './acks.ts';
import { Backoff } from './backoff.ts';
import { createDelivery, type Delivery, type DeliverySource } from './delivery.ts';
import { guard } from './report.ts';
import type { Session } from './session.ts';
import type { SupervisedChannel } from './supervised-channel.ts';
import { declareTaskQueue } from './topology.ts';

interface ConsumeChannelOptions {
  /** For logs. */
  readonly name: string;
  readonly queue: string;
  /** Unacknowledged deliveries that the broker lets us have (`basic.qos`, global=false). */
  readonly prefetch: number;
  readonly onDelivery: (delivery: Delivery) => void | Promise<void>;
  /** Called after every consume-ok, cancel and loss. */
  readonly onChange: () => void;
}

/** The channel that is open now. */
interface Live extends DeliverySource {
  readonly channel: Channel;
  readonly connection: ChannelModel;
  /** Of the consumer that the broker has confirmed. */
  consumerTag: string | null;
}

export class ConsumeChannel {
  readonly #session: Session;
  readonly #options: ConsumeChannelOptions;
  readonly #channel: SupervisedChannel<Channel>;
  readonly #deliver: (delivery: Delivery) => void;
  readonly #backoff = new Backoff();
  #wanted = false;
  #live: Live | null = null;
  #turn: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;

  constructor(session: Session, options: ConsumeChannelOptions) {
    this.#session = session;
    this.#options = options;
    // A delivery whose listener failed stays unacknowledged: it may neither be lost nor come back at once.
    this.#deliver = guard(options.onDelivery, session.report, 'a listener for deliveries threw');
    this.#channel = session.openChannel<Channel>({
      name: options.name,
      create: (connection) => connection.createChannel(),
      setup: (channel, connection) => this.#setup(channel, connection),
      closing: () => this.#live?.acks.flush(),
      down: () => this.#down(),
    });
  }

  /** True while the broker has confirmed the consumer. */
  get consuming(): boolean {
    return this.#live !== null && this.#live.consumerTag !== null;
  }

  /** Consumes or cancels; deliveries that are not yet acknowledged stay valid. */
  setConsuming(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#reconcileInTurn();
  }

  /** Resolves when the broker has confirmed what was asked so far, or the channel is gone. Never rejects. */
  settled(): Promise<void> {
    return this.#turn;
  }

  close(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#retry);
    return this.#channel.close();
  }

  async #setup(channel: Channel, connection: ChannelModel): Promise<void> {
    await channel.prefetch(this.#options.prefetch, false);
    this.#live = { channel, connection, acks: new Acks(channel), alive: true, consumerTag: null };
    // Not awaited: a queue that cannot be consumed is tried again without closing the channel.
    this.#reconcileInTurn();
  }

  #down(): void {
    clearTimeout(this.#retry);
    if (!this.#live) return;
    this.#live.alive = false;
    this.#live = null;
    this.#options.onChange();
  }

  /** One at a time: consume and cancel are round trips, and the wish may change meanwhile. */
  #reconcileInTurn(): void {
    this.#turn = this.#turn.then(() => this.#reconcile());
  }

  async #reconcile(): Promise<void> {
    const live = this.#live;
    if (!live) return;
    clearTimeout(this.#retry);
    try {
      const tag = live.consumerTag;
      if (this.#wanted && tag === null) await this.#consume(live);
      if (!this.#wanted && tag !== null) await this.#cancel(live, tag);
    } catch (error) {
      if (!live.alive) return;
      this.#session.report(error, `cannot consume queue '${this.#options.queue}': trying again`);
      this.#reconcileLater();
    }
  }

  async #cancel(live: Live, tag: string): Promise<void> {
    await live.channel.cancel(tag);
    live.consumerTag = null;
    this.#options.onChange();
  }

  async #consume(live: Live): Promise<void> {
    const { queue } = this.#options;
    await declareTaskQueue(live.connection, queue);
    let cancelled = false;
    const { consumerTag } = await live.channel.consume(queue, (message) => {
      if (message !== null) return this.#deliver(createDelivery(live, message));
      cancelled = true;
      this.#cancelled(live);
    });
    if (cancelled || !live.alive) return;
    live.consumerTag = consumerTag;
    this.#backoff.opened();
    this.#options.onChange();
  }

  /** The broker has cancelled the consumer: its queue was deleted, or moved to another node. */
  #cancelled(live: Live): void {
    live.consumerTag = null;
    this.#session.report(
      new Error(`consumer of queue '${this.#options.queue}' cancelled`),
      'the queue is gone: declaring it',
    );
    this.#options.onChange();
    this.#reconcileLater();
  }

  #reconcileLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#reconcileInTurn(), this.#backoff.next());
  }
}
