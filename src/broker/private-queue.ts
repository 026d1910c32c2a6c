/** A queue of our own (mailbox, replies): consumed without acks, declared again whenever it is lost. */
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { OperationalError } from '../errors.ts';
import { settlesWithin } from './deadline.ts';
import { guard } from './report.ts';
import type { Session } from './session.ts';
import { closeQuietly, type SupervisedChannel } from './supervised-channel.ts';

interface PrivateQueueOptions {
  /** For logs and errors. */
  readonly name: string;
  /** Declares the queue and returns its name. A failure, such as 405 RESOURCE_LOCKED, is tried again. */
  readonly declare: (channel: Channel, connection: ChannelModel) => Promise<string>;
  readonly onMessage: (message: ConsumeMessage) => void;
}

const OPEN_TIMEOUT_MS = 30_000;

export class PrivateQueue {
  readonly #session: Session;
  readonly #name: string;
  readonly #channel: SupervisedChannel<Channel>;
  readonly #opened: Promise<void>;
  #isOpen = false;

  constructor(session: Session, { name, declare, onMessage }: PrivateQueueOptions) {
    const receive = guard(onMessage, session.report, `a listener for the ${name} threw`);
    let opened = (): void => undefined;
    this.#opened = new Promise((resolve) => {
      opened = resolve;
    });
    this.#session = session;
    this.#name = name;
    this.#channel = session.openChannel<Channel>({
      name,
      create: (connection) => connection.createChannel(),
      setup: async (channel, connection) => {
        await consume(channel, await declare(channel, connection), receive);
        this.#isOpen = true;
        opened();
      },
      down: () => {
        this.#isOpen = false;
      },
    });
  }

  /** True while the queue is being consumed. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Resolves when the queue has been opened for the first time.
   *
   * @throws OperationalError after 30 s, and when the session is closed.
   */
  async opened(): Promise<void> {
    let ignore = (): void => undefined;
    const closed = new Promise<void>((resolve) => {
      ignore = this.#session.onStateChange((state) => state === 'closed' && resolve());
    });
    const isSettled = await settlesWithin(Promise.race([this.#opened, closed]), OPEN_TIMEOUT_MS);
    ignore();
    if (isSettled && this.#session.state !== 'closed') return;
    throw new OperationalError(
      `the ${this.#name} could not be opened within 30 s: check the broker and try again`,
    );
  }

  close(): Promise<void> {
    return this.#channel.close();
  }
}

async function consume(
  channel: Channel,
  queue: string,
  receive: (message: ConsumeMessage) => void,
): Promise<void> {
  const onMessage = (message: ConsumeMessage | null): void => {
    if (message) receive(message);
    // Cancelled by the broker: the queue is gone. A closed channel is opened and set up again.
    else closeQuietly(channel).catch(() => undefined);
  };
  await channel.consume(queue, onMessage, { noAck: true });
}
