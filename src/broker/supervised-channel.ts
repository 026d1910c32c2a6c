/** A channel that comes back: after its connection was restored, and after the broker closed only it. */
import type { Channel, ChannelModel } from 'amqplib';
import { Backoff } from './backoff.ts';
import type { Report } from './report.ts';

/** What a channel is for. */
export interface ChannelRole<C extends Channel> {
  /** For logs: `consume`, `publish`. */
  readonly name: string;
  create(connection: ChannelModel): Promise<C>;
  /** Makes a new channel fit for its role, each time: topology, then qos, then consume. */
  setup(channel: C, connection: ChannelModel): Promise<void>;
  /** The channel, which is set up, will be closed after what is written to it now. */
  closing?(): void;
  /**
   * The channel is gone, and with it its consumers, delivery tags and confirms.
   *
   * @param refusal why the broker closed it; undefined when it went with its connection or was closed by us.
   */
  down(refusal: Error | undefined): void;
}

/** What a supervised channel needs of its session. */
interface ChannelOwner {
  readonly report: Report;
  /** No channel can be opened on this connection. */
  unusable(connection: ChannelModel, error: unknown): void;
  closed(): void;
}

/** Type-erased view for the session. */
export interface Supervised {
  connected(connection: ChannelModel): void;
  disconnected(): void;
  close(): Promise<void>;
}

export class SupervisedChannel<C extends Channel> implements Supervised {
  readonly #role: ChannelRole<C>;
  readonly #owner: ChannelOwner;
  readonly #backoff = new Backoff();
  #connection: ChannelModel | null = null;
  /** The channel that is open now, or being set up. */
  #channel: C | null = null;
  #isSetUp = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(role: ChannelRole<C>, owner: ChannelOwner) {
    this.#role = role;
    this.#owner = owner;
  }

  /** The session has a connection: opens the channel on it. */
  connected(connection: ChannelModel): void {
    if (this.#closed) return;
    this.#connection = connection;
    this.#open(connection).catch((error) => this.#owner.report(error, this.#failure()));
  }

  /** The connection is gone, or given up: amqplib has closed the channel before, or it is closed now. */
  disconnected(): void {
    this.#connection = null;
    clearTimeout(this.#retry);
    const channel = this.#channel;
    if (!channel) return;
    this.#lost(undefined);
    closeQuietly(channel).catch(() => undefined);
  }

  /** Closes the channel after everything that was written to it, and opens it no more. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#owner.closed();
    if (this.#isSetUp) this.#role.closing?.();
    if (this.#channel) await closeQuietly(this.#channel);
  }

  async #open(connection: ChannelModel): Promise<void> {
    const channel = await this.#create(connection);
    if (!channel) return;
    this.#watch(channel, connection);
    if (this.#closed || this.#connection !== connection) return await closeQuietly(channel);
    this.#channel = channel;
    try {
      await this.#role.setup(channel, connection);
      this.#isSetUp = this.#channel === channel;
      this.#backoff.opened();
    } catch (error) {
      if (!this.#closed) this.#owner.report(error, this.#failure());
      await closeQuietly(channel);
    }
  }

  async #create(connection: ChannelModel): Promise<C | null> {
    try {
      return await this.#role.create(connection);
    } catch (error) {
      this.#owner.unusable(connection, error);
      return null;
    }
  }

  #watch(channel: C, connection: ChannelModel): void {
    let refusal: Error | undefined;
    channel.on('error', (error) => {
      refusal = error;
    });
    channel.on('handler-error', (error) => this.#owner.report(error, `a ${this.#role.name} listener threw`));
    // Before amqplib's own listener, which fails the confirms: they are to be seen as lost, not as failed.
    channel.prependListener('close', () => {
      if (this.#channel !== channel) return;
      if (refusal && this.#isSetUp) {
        this.#owner.report(refusal, `the broker closed the ${this.#role.name} channel: opening it again`);
      }
      this.#lost(refusal);
      this.#reopen(connection);
    });
  }

  /** Tells the role once per channel: a channel that closes late may not take its successor down. */
  #lost(refusal: Error | undefined): void {
    this.#channel = null;
    this.#isSetUp = false;
    this.#role.down(refusal);
  }

  #reopen(connection: ChannelModel): void {
    if (this.#closed || this.#connection !== connection) return;
    this.#retry = setTimeout(() => this.connected(connection), this.#backoff.next());
  }

  #failure(): string {
    return `cannot set up the ${this.#role.name} channel: trying again`;
  }
}

/** Closes a channel that may be closed already. */
export async function closeQuietly(channel: Channel): Promise<void> {
  await channel.close().catch(() => undefined);
}
