/**
 * A channel that consumes one task queue, and can be told to stop and to go on. One queue only: the broker
 * closes the channel when it refuses a consumer, and every delivery of that channel comes back.
 */
import type { Channel, ChannelModel } from 'amqplib';
import type { QueueBinding } from '../contract/queue.ts';
import { Acks } from './acks.ts';
import { Backoff } from './backoff.ts';
import { bindDelayed } from './delay-topology.ts';
import { createDelivery, type Delivery, type DeliverySource } from './delivery.ts';
import { guard } from './report.ts';
import type { Session } from './session.ts';
import type { SupervisedChannel } from './supervised-channel.ts';
import { declareBoundQueue, type QueueDefaults } from './topology.ts';

interface ConsumeChannelOptions {
  /** For logs. */
  readonly name: string;
  readonly queue: QueueBinding;
  /** How it is declared if it does not exist. */
  readonly defaults: QueueDefaults;
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
  /** With which that consumer was started. */
  prefetch: number;
  /** Whether delayed messages for the queue reach it. */
  bound: boolean;
}

export class ConsumeChannel {
  readonly #session: Session;
  readonly #options: ConsumeChannelOptions;
  readonly #channel: SupervisedChannel<Channel>;
  readonly #deliver: (delivery: Delivery) => void;
  readonly #backoff = new Backoff();
  #wanted = false;
  #prefetch: number;
  #queue: QueueBinding;
  #live: Live | null = null;
  #turn: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;

  constructor(session: Session, options: ConsumeChannelOptions) {
    this.#session = session;
    this.#options = options;
    this.#prefetch = options.prefetch;
    this.#queue = options.queue;
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

  /** From now on the broker lets us have so many unacknowledged deliveries. */
  setPrefetch(prefetch: number): void {
    this.#prefetch = prefetch;
    this.#reconcileInTurn();
  }

  /** How the queue is declared when it is consumed the next time. */
  setBinding(queue: QueueBinding): void {
    this.#queue = queue;
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
    this.#live = {
      ...{ channel, connection, acks: new Acks(channel) },
      ...{ queue: this.#queue.name, alias: this.#queue.alias ?? this.#queue.name },
      ...{ alive: true, consumerTag: null, prefetch: 0, bound: false },
    };
    // Not awaited: a queue that cannot be consumed is tried again without closing the channel.
    this.#reconcileInTurn();
  }

  #down(): void {
    clearTimeout(this.#retry);
    if (!this.#live) return;
    this.#live.alive = false;
    this.#live.acks.lost();
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
      const isOutdated = live.prefetch !== this.#prefetch;
      if (this.#wanted && (tag === null || isOutdated)) await this.#consume(live);
      if (tag !== null && !(this.#wanted && live.consumerTag === tag)) await this.#cancel(live, tag);
    } catch (error) {
      if (!live.alive) return;
      this.#session.report(error, `cannot consume queue '${this.#queue.name}': trying again`);
      this.#reconcileLater();
    }
  }

  async #cancel(live: Live, tag: string): Promise<void> {
    await live.channel.cancel(tag);
    // Unless another consumer has taken its place.
    if (live.consumerTag !== tag) return;
    live.consumerTag = null;
    this.#options.onChange();
  }

  async #consume(live: Live): Promise<void> {
    const prefetch = this.#prefetch;
    await declareBoundQueue(live.connection, this.#queue, this.#options.defaults);
    await this.#bind(live);
    // Counts for consumers that are started from now on.
    await live.channel.prefetch(prefetch, false);
    let cancelled = false;
    const { consumerTag } = await live.channel.consume(this.#queue.name, (message) => {
      if (message !== null) return this.#deliver(createDelivery(live, message));
      cancelled = true;
      this.#cancelled(live);
    });
    if (cancelled || !live.alive) return;
    live.consumerTag = consumerTag;
    live.prefetch = prefetch;
    this.#backoff.opened();
    this.#options.onChange();
  }

  /** Once, and again for a queue that was deleted. Without it only delayed messages are late, or lost. */
  async #bind(live: Live): Promise<void> {
    if (live.bound) return;
    live.bound = true;
    await bindDelayed(live.connection, this.#queue, this.#options.defaults).catch((error) =>
      this.#session.report(error, `delayed messages do not reach queue '${live.queue}'`),
    );
  }

  /** The broker has cancelled the consumer: its queue was deleted, or moved to another node. */
  #cancelled(live: Live): void {
    live.consumerTag = null;
    live.bound = false;
    this.#session.report(
      new Error(`consumer of queue '${this.#queue.name}' cancelled`),
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
