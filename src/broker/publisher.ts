/** Publishing with confirms: pipelined, kept through connection losses, and never silently lost. */
import { type ConfirmChannel, IllegalOperationError, type Message, type Options } from 'amqplib';
import { CELERY_CLUSTER, type ClusterNames } from '../contract/cluster.ts';
import type { Publication, Publisher } from '../contract/transport.ts';
import { MessageRefused, MessageTooLarge, OperationalError, Unroutable } from '../errors.ts';
import { MAX_MESSAGE_BYTES } from '../protocol/result.ts';
import { COPY_HEADER } from '../protocol/task-message.ts';
import { settlesWithin } from './deadline.ts';
import { Pace } from './pace.ts';
import { copyProperties } from './properties.ts';
import { isPublishRefusal, NOT_FOUND, replyCode } from './reply-code.ts';
import { guard } from './report.ts';
import type { Session } from './session.ts';
import type { SupervisedChannel } from './supervised-channel.ts';
import { declareSharedExchanges } from './topology.ts';

const MIB = 2 ** 20;
const MAX_PENDING = 100_000;
const MAX_PENDING_BYTES = 128 * MIB;
const DEADLINE_MS = 30_000;
const FLUSH_TIMEOUT_MS = 5_000;

interface PublisherOptions {
  /** Milliseconds until a publication that is not confirmed fails. Default 30 s. */
  readonly deadlineMs?: number;
  /** Of the exchanges that it declares. Default: Celery's. */
  readonly names?: ClusterNames;
}

/** A publication that is not confirmed yet. */
interface Pending {
  readonly publication: Publication;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** When it fails if it is not confirmed, by `performance.now()`. */
  readonly deadline: number;
  /** The broker has returned it: no queue receives it. */
  returned: boolean;
  /** It was sent before, and the broker may have it already: on a channel that was lost, for example. */
  resent: boolean;
}

/**
 * A publisher on a confirm channel of its own.
 *
 * What is in flight when the channel is lost is published again on the next one, in order, marked with
 * {@link COPY_HEADER}: it may arrive twice, and the broker does not flag it as redelivered. What is
 * published while there is no connection waits, up to 100,000 publications of 128 MiB in all; what is not
 * confirmed 30 s after it was published fails, and may still arrive.
 */
export class ConfirmPublisher implements Publisher {
  readonly #session: Session;
  readonly #deadlineMs: number;
  readonly #supervised: SupervisedChannel<ConfirmChannel>;
  readonly #stopListening: () => void;
  readonly #pace = new Pace(() => this.#pump());
  #channel: ConfirmChannel | null = null;
  /** Not sent, and sent but not confirmed; both in the order of publication. */
  #waiting = new Set<Pending>();
  #inFlight = new Set<Pending>();
  #pendingBytes = 0;
  /** Set for the oldest of them, or for one that was: one timer costs less than one for each. */
  #deadlineTimer: NodeJS.Timeout | undefined;
  /** How many publications are still to be sent one at a time, to find the one that closes the channel. */
  #suspects = 0;
  #onIdle: (() => void) | null = null;
  #closed = false;

  constructor(session: Session, { deadlineMs = DEADLINE_MS, names = CELERY_CLUSTER }: PublisherOptions = {}) {
    this.#session = session;
    this.#deadlineMs = deadlineMs;
    this.#stopListening = session.onStateChange(() => this.#pump());
    this.#supervised = session.openChannel<ConfirmChannel>({
      name: 'publish',
      create: (connection) => connection.createConfirmChannel(),
      setup: async (channel, connection) => {
        await declareSharedExchanges(connection, names);
        this.#up(channel);
      },
      down: (refusal) => this.#down(refusal),
    });
  }

  /** @throws Unroutable, MessageTooLarge, MessageRefused, OperationalError */
  publish(publication: Publication): Promise<void> {
    const refusal = this.#refuse(publication);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.#deadlineMs;
      const resent = publication.mayHaveArrived ?? false;
      this.#waiting.add({ publication, resolve, reject, deadline, returned: false, resent });
      this.#pendingBytes += publication.body.length;
      this.#deadlineTimer ??= this.#watchDeadlines(this.#deadlineMs);
      this.#pace.request();
    });
  }

  /** Waits up to 5 s for the confirms, then closes. What is not confirmed by then fails. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await settlesWithin(this.#idle(), FLUSH_TIMEOUT_MS);
    for (const pending of this.#pending()) this.#settle(pending, closedError());
    clearTimeout(this.#deadlineTimer);
    this.#stopListening();
    await this.#supervised.close();
  }

  #refuse({ body, relayed = false }: Publication): Error | null {
    if (this.#closed) return closedError();
    if (body.length > MAX_MESSAGE_BYTES && !relayed) {
      return new MessageTooLarge(
        `a message of ${body.length} bytes is over the limit of ${MAX_MESSAGE_BYTES} bytes: store the data as a dataset and send its name`,
      );
    }
    const count = this.#waiting.size + this.#inFlight.size;
    if (count < MAX_PENDING && this.#pendingBytes + body.length <= MAX_PENDING_BYTES) return null;
    return new OperationalError(
      `${count} messages of ${this.#pendingBytes} bytes already wait for the broker: publish slower, or wait for the confirms`,
    );
  }

  #up(channel: ConfirmChannel): void {
    channel.on('return', guard(this.#returned.bind(this), this.#session.report, 'cannot handle a return'));
    this.#channel = channel;
    this.#pump();
  }

  #down(error: Error | undefined): void {
    this.#channel = null;
    if (isPublishRefusal(error)) this.#blame(error);
    for (const pending of this.#inFlight) {
      pending.returned = false;
      pending.resent = true;
    }
    this.#waiting = new Set(this.#pending());
    this.#inFlight = new Set();
  }

  /**
   * The broker has closed the channel on account of one publication, without saying which. Alone in flight,
   * it is the one; else those in flight are sent again one at a time.
   */
  #blame(error: Error): void {
    const [only, ...others] = this.#inFlight;
    if (only && others.length === 0) this.#settle(only, refusedError(only.publication, error));
    else this.#suspects = this.#inFlight.size;
  }

  #pump(): void {
    const channel = this.#channel;
    // While publishing is blocked nothing is read: what is not sent can still be said to have not arrived.
    if (!channel || this.#session.state !== 'open') return;
    for (const pending of this.#waiting) {
      if (this.#suspects > 0 && this.#inFlight.size > 0) return;
      if (!this.#send(channel, pending)) return;
    }
  }

  /** False when the channel is closing: its close event is still to come. */
  #send(channel: ConfirmChannel, pending: Pending): boolean {
    const { exchange, routingKey, body } = pending.publication;
    try {
      channel.publish(exchange, routingKey, body, publishOptions(pending), (error) => {
        if (channel === this.#channel) this.#confirmed(pending, error);
      });
    } catch (error) {
      if (error instanceof IllegalOperationError) return false;
      this.#settle(pending, unsendable(pending.publication, error));
      return true;
    }
    this.#waiting.delete(pending);
    this.#inFlight.add(pending);
    return true;
  }

  #confirmed(pending: Pending, nack: unknown): void {
    if (nack) this.#settle(pending, refusedError(pending.publication, nack));
    else if (pending.returned) this.#settle(pending, unroutableError(pending.publication));
    else this.#settle(pending, null);
  }

  /**
   * `basic.return` comes before the confirm and names no delivery tag. Publications that agree in route and
   * correlation id are all returned, so it does not matter which of them is marked first.
   */
  #returned({ fields, properties }: Message): void {
    for (const pending of this.#inFlight) {
      const { publication } = pending;
      if (pending.returned || publication.unroutable === 'drop') continue;
      if (publication.exchange !== fields.exchange || publication.routingKey !== fields.routingKey) continue;
      if (publication.properties.correlationId !== properties.correlationId) continue;
      pending.returned = true;
      return;
    }
  }

  #settle(pending: Pending, error: Error | null): void {
    if (!this.#waiting.delete(pending) && !this.#inFlight.delete(pending)) return;
    this.#pendingBytes -= pending.publication.body.length;
    if (error) pending.reject(error);
    else pending.resolve();
    if (this.#waiting.size + this.#inFlight.size === 0) this.#onIdle?.();
    if (this.#suspects === 0) return;
    this.#suspects -= 1;
    this.#pump();
  }

  /** All, in the order of publication. */
  #pending(): readonly Pending[] {
    return [...this.#inFlight, ...this.#waiting];
  }

  /** The sockets keep the process alive while it waits for a confirm, not this timer. */
  #watchDeadlines(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#failOverdue(), ms).unref();
  }

  #failOverdue(): void {
    const now = performance.now();
    const [oldest] = this.#pending().filter((pending) => {
      const isOverdue = pending.deadline <= now;
      if (isOverdue) this.#settle(pending, this.#overdue(pending.publication));
      return !isOverdue;
    });
    this.#deadlineTimer = oldest && this.#watchDeadlines(oldest.deadline - now);
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.size + this.#inFlight.size === 0) return resolve();
      this.#onIdle = resolve;
    });
  }

  #overdue(publication: Publication): OperationalError {
    return new OperationalError(
      `${describe(publication)} was not confirmed within ${this.#deadlineMs / 1_000} s, the connection is ${this.#session.state}: check the broker; the message may still arrive`,
    );
  }
}

function publishOptions({ publication, resent }: Pending): Options.Publish {
  const options: Options.Publish = copyProperties(publication.properties);
  options.mandatory = publication.unroutable === 'error';
  if (resent) options.headers = { [COPY_HEADER]: true, ...options.headers };
  return options;
}

function unsendable(publication: Publication, error: unknown): Error {
  const detail = error instanceof Error ? error.message : String(error);
  // What amqplib throws for headers beyond its 64 KiB buffer.
  if (error instanceof RangeError) {
    return new MessageTooLarge(
      `the headers of ${describe(publication)} are over 64 KiB: ${detail}; shorten them`,
      {
        cause: error,
      },
    );
  }
  return new MessageRefused(`${describe(publication)} cannot be sent: ${detail}; correct that property`, {
    cause: error,
  });
}

function refusedError(publication: Publication, error: unknown): Error {
  if (replyCode(error) === NOT_FOUND) {
    return new Unroutable(`there is no exchange '${publication.exchange}': declare it, or correct its name`, {
      cause: error,
    });
  }
  const detail = error instanceof Error ? error.message : String(error);
  return new MessageRefused(
    `the broker refused ${describe(publication)}: ${detail}; check the user's permissions and the queue's limits`,
    { cause: error },
  );
}

function unroutableError(publication: Publication): Unroutable {
  return new Unroutable(
    `no queue receives ${describe(publication)}: declare the queue, or start a worker that consumes it`,
  );
}

function closedError(): OperationalError {
  return new OperationalError(
    'the connection to the broker was closed before the message was confirmed: open a new one',
  );
}

function describe({ exchange, routingKey }: Publication): string {
  return exchange === '' ? `a message to queue '${routingKey}'` : `a message to exchange '${exchange}'`;
}
