/** Consuming tasks: as many as there are slots, and many more while all of them are short. */
import { directBinding, type QueueBinding } from '../contract/queue.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { ConsumeChannel } from './consume-channel.ts';
import type { Delivery } from './delivery.ts';
import { guard } from './report.ts';
import type { Session } from './session.ts';
import { CELERY_QUEUES, checkQueueName, type QueueDefaults } from './topology.ts';

export type { Delivery } from './delivery.ts';

export interface ConsumerOptions {
  /** Names are those of queues with an exchange of their own. */
  readonly queues: readonly (string | QueueBinding)[];
  /** Prefetch of the base consumer, per queue: the number of slots. */
  readonly prefetch: number;
  /** Prefetch of the burst consumer, per queue. Default 100. */
  readonly burstPrefetch?: number;
  /** How queues are declared that do not exist. Default: as Celery does, classic and without arguments. */
  readonly defaults?: QueueDefaults | undefined;
}

/** The two channels of a queue, and whether it is to be consumed. */
interface Source {
  readonly base: ConsumeChannel;
  readonly burst: ConsumeChannel;
  binding: QueueBinding;
  wanted: boolean;
}

const BURST_PREFETCH = 100;
const MAX_PREFETCH = 65_535;
/** Two channels each, and RabbitMQ allows 2047 on a connection. */
const MAX_QUEUES = 500;

/**
 * Consumes task queues for as long as it is open, whatever happens to channels, connections and queues.
 *
 * A prefetch cannot be changed on a running consumer, so there are two for each queue: the base consumer,
 * always on, and the burst consumer, switched on and off. Each is on a channel of its own, so that a queue
 * that cannot be consumed costs the others nothing. Prefetch counts per queue
 * (`basic.qos` with global=false: quorum queues refuse anything else).
 */
export class TaskConsumer {
  readonly #session: Session;
  readonly #onDelivery: (delivery: Delivery) => void | Promise<void>;
  readonly #burstPrefetch: number;
  readonly #defaults: QueueDefaults;
  /** By name; also of queues that are not consumed any more, since their deliveries are settled on the channels. */
  readonly #sources = new Map<string, Source>();
  readonly #listeners = new Set<(consuming: boolean) => void>();
  #prefetch: number;
  #consuming = false;
  #burstWanted = false;
  #paused: 'no' | 'shared' | 'all' = 'no';

  /** Starts to consume; use {@link Broker.createConsumer}. */
  constructor(
    session: Session,
    options: ConsumerOptions,
    onDelivery: (delivery: Delivery) => void | Promise<void>,
  ) {
    const { queues, prefetch, burstPrefetch = BURST_PREFETCH, defaults = CELERY_QUEUES } = options;
    this.#session = session;
    this.#onDelivery = onDelivery;
    this.#defaults = defaults;
    this.#prefetch = checkPrefetch(prefetch);
    this.#burstPrefetch = checkPrefetch(burstPrefetch);
    if (queues.length === 0)
      throw new ImproperlyConfigured('there is no queue to consume: name at least one');
    const bindings = queues.map((queue) => (typeof queue === 'string' ? directBinding(queue) : queue));
    for (const { name } of bindings) checkQueueName(name);
    for (const binding of bindings) this.addQueue(binding);
  }

  /** True while the broker has confirmed the base consumer on every queue, on a channel that is open now. */
  get consuming(): boolean {
    return this.#consuming;
  }

  /** The queues that are consumed. */
  get queues(): readonly QueueBinding[] {
    return [...this.#sources.values()].filter(({ wanted }) => wanted).map(({ binding }) => binding);
  }

  /** Deliveries that the broker lets us have, over all queues. */
  get prefetch(): number {
    return this.queues.length * (this.#prefetch + (this.#burstWanted ? this.#burstPrefetch : 0));
  }

  /** Whether the burst consumer is to be on. Default false. */
  get burst(): boolean {
    return this.#burstWanted;
  }

  set burst(wanted: boolean) {
    if (wanted === this.#burstWanted) return;
    this.#burstWanted = wanted;
    this.#apply();
  }

  /** Calls the listener whenever `consuming` changes; returns what ends that. */
  onChange(listener: (consuming: boolean) => void): () => void {
    const guarded = guard(listener, this.#session.report, 'a listener for the consumer threw');
    this.#listeners.add(guarded);
    return () => this.#listeners.delete(guarded);
  }

  /** Consumes one queue more. @throws InvalidName, ImproperlyConfigured */
  addQueue(binding: QueueBinding): void {
    const { name, exchange } = binding;
    checkQueueName(name);
    checkQueueName(exchange);
    const known = this.#sources.get(name);
    if (!known && this.#sources.size >= MAX_QUEUES) {
      throw new ImproperlyConfigured(
        `a worker consumes at most ${MAX_QUEUES} queues in its life: start another one`,
      );
    }
    const source = known ?? this.#openSource(binding);
    source.binding = binding;
    source.wanted = true;
    for (const channel of channelsOf(source)) channel.setBinding(binding);
    this.#sources.set(name, source);
    this.#apply();
    this.#changed();
  }

  /**
   * Takes nothing more from a queue; its deliveries stay valid. False when it was not consumed.
   *
   * @param name or its alias.
   */
  cancelQueue(name: string): boolean {
    const source =
      this.#sources.get(name) ??
      [...this.#sources.values()].find(({ binding, wanted }) => wanted && binding.alias === name);
    if (!source?.wanted) return false;
    source.wanted = false;
    this.#apply();
    this.#changed();
    return true;
  }

  /** Changes the prefetch of the base consumers. @throws ImproperlyConfigured */
  resize(prefetch: number): void {
    if (prefetch === this.#prefetch) return;
    this.#prefetch = checkPrefetch(prefetch);
    for (const { base } of this.#sources.values()) base.setPrefetch(prefetch);
  }

  /**
   * Takes nothing more; deliveries that are not settled stay valid. Resolves when the broker has confirmed:
   * no delivery arrives after that.
   */
  async pause(): Promise<void> {
    await this.#pause('all');
  }

  /** As {@link pause}, but for what no other worker could take: a queue of our own, which would be gone. */
  async pauseShared(): Promise<void> {
    await this.#pause('shared');
  }

  async #pause(paused: 'shared' | 'all'): Promise<void> {
    this.#paused = paused;
    this.#apply();
    await Promise.all(this.#channels.map((channel) => channel.settled()));
  }

  /** Consumes again after {@link pause} or {@link pauseShared}. */
  resume(): void {
    this.#paused = 'no';
    this.#apply();
  }

  /** Stops for good. What is not settled goes back to its queue. */
  async close(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.close()));
  }

  get #channels(): readonly ConsumeChannel[] {
    return [...this.#sources.values()].flatMap(channelsOf);
  }

  #openSource(queue: QueueBinding): Source {
    const shared = { queue, defaults: this.#defaults, onDelivery: this.#onDelivery };
    const base = { ...shared, name: 'consume', prefetch: this.#prefetch, onChange: () => this.#changed() };
    const burst = {
      ...shared,
      name: 'burst consume',
      prefetch: this.#burstPrefetch,
      onChange: () => undefined,
    };
    return {
      base: new ConsumeChannel(this.#session, base),
      burst: new ConsumeChannel(this.#session, burst),
      binding: queue,
      wanted: true,
    };
  }

  #apply(): void {
    for (const { base, burst, wanted, binding } of this.#sources.values()) {
      const isPaused = this.#paused === 'all' || (this.#paused === 'shared' && binding.alias === undefined);
      base.setConsuming(wanted && !isPaused);
      burst.setConsuming(wanted && !isPaused && this.#burstWanted);
    }
  }

  #changed(): void {
    const sources = [...this.#sources.values()].filter(({ wanted }) => wanted);
    const consuming = sources.length > 0 && sources.every(({ base }) => base.consuming);
    if (consuming === this.#consuming) return;
    this.#consuming = consuming;
    for (const listener of this.#listeners) listener(consuming);
  }
}

function channelsOf({ base, burst }: Source): readonly ConsumeChannel[] {
  return [base, burst];
}

function checkPrefetch(prefetch: number): number {
  if (Number.isInteger(prefetch) && prefetch >= 1 && prefetch <= MAX_PREFETCH) return prefetch;
  throw new ImproperlyConfigured(
    `a prefetch of ${prefetch} is not valid: use a whole number from 1 to ${MAX_PREFETCH}`,
  );
}
