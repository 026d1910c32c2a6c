/** Consuming tasks: as many as there are slots, and many more while all of them are short. */
import { ImproperlyConfigured } from '../errors.ts';
import { ConsumeChannel } from './consume-channel.ts';
import type { Delivery } from './delivery.ts';
import { guard } from './report.ts';
import type { Session } from './session.ts';
import { CELERY_QUEUES, checkQueueName, type QueueDefaults } from './topology.ts';

export type { Delivery } from './delivery.ts';

export interface ConsumerOptions {
  readonly queues: readonly string[];
  /** Prefetch of the base consumer, per queue: the number of slots. */
  readonly prefetch: number;
  /** Prefetch of the burst consumer, per queue. Default 100. */
  readonly burstPrefetch?: number;
  /** How queues are declared that do not exist. Default: as Celery does, classic and without arguments. */
  readonly defaults?: QueueDefaults | undefined;
}

const BURST_PREFETCH = 100;
const MAX_PREFETCH = 65_535;

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
  readonly #base: readonly ConsumeChannel[];
  readonly #burst: readonly ConsumeChannel[];
  readonly #listeners = new Set<(consuming: boolean) => void>();
  #consuming = false;
  #burstWanted = false;
  #paused = false;

  /** Starts to consume; use {@link Broker.createConsumer}. */
  constructor(
    session: Session,
    options: ConsumerOptions,
    onDelivery: (delivery: Delivery) => void | Promise<void>,
  ) {
    const queues = checkQueues(options.queues);
    const { prefetch, burstPrefetch = BURST_PREFETCH, defaults = CELERY_QUEUES } = options;
    this.#session = session;
    checkPrefetch(prefetch);
    checkPrefetch(burstPrefetch);
    const onChange = (): void => this.#changed();
    const base = { name: 'consume', prefetch, defaults, onDelivery, onChange };
    this.#base = queues.map((queue) => new ConsumeChannel(session, { ...base, queue }));
    const burst = { ...base, name: 'burst consume', prefetch: burstPrefetch, onChange: () => undefined };
    this.#burst = queues.map((queue) => new ConsumeChannel(session, { ...burst, queue }));
    this.#apply();
  }

  /** True while the broker has confirmed the base consumer on every queue, on a channel that is open now. */
  get consuming(): boolean {
    return this.#consuming;
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

  /**
   * Takes nothing more; deliveries that are not settled stay valid. Resolves when the broker has confirmed:
   * no delivery arrives after that.
   */
  async pause(): Promise<void> {
    this.#paused = true;
    this.#apply();
    await Promise.all(this.#channels.map((channel) => channel.settled()));
  }

  /** Consumes again after {@link pause}. */
  resume(): void {
    this.#paused = false;
    this.#apply();
  }

  /** Stops for good. What is not settled goes back to its queue. */
  async close(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.close()));
  }

  get #channels(): readonly ConsumeChannel[] {
    return [...this.#base, ...this.#burst];
  }

  #apply(): void {
    for (const channel of this.#base) channel.setConsuming(!this.#paused);
    for (const channel of this.#burst) channel.setConsuming(!this.#paused && this.#burstWanted);
  }

  #changed(): void {
    const consuming = this.#base.every((channel) => channel.consuming);
    if (consuming === this.#consuming) return;
    this.#consuming = consuming;
    for (const listener of this.#listeners) listener(consuming);
  }
}

function checkQueues(queues: readonly string[]): readonly string[] {
  if (queues.length === 0) throw new ImproperlyConfigured('there is no queue to consume: name at least one');
  for (const queue of queues) checkQueueName(queue);
  return [...new Set(queues)];
}

function checkPrefetch(prefetch: number): void {
  if (Number.isInteger(prefetch) && prefetch >= 1 && prefetch <= MAX_PREFETCH) return;
  throw new ImproperlyConfigured(
    `a prefetch of ${prefetch} is not valid: use a whole number from 1 to ${MAX_PREFETCH}`,
  );
}
