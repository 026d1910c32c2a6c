/**
 * One supervised connection to the broker. It is restored for as long as the session is open, and every
 * channel of it is opened and set up again: consuming goes on without anyone's help.
 */
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { OperationalError } from '../errors.ts';
import type { TlsOptions } from '../tls.ts';
import { type TlsNames, tlsRemedy } from '../tls-errors.ts';
import { type BrokerAddress, type BrokerLogin, describeAddress } from './address.ts';
import { Backoff } from './backoff.ts';
import { settlesWithin } from './deadline.ts';
import { guardHeaders } from './header-guard.ts';
import { joinWrites } from './join-writes.ts';
import { guard, type Report } from './report.ts';
import { type ChannelRole, type Supervised, SupervisedChannel } from './supervised-channel.ts';

/** `blocked`: the broker is short of memory or disk and reads nothing more from this connection. */
export type SessionState = 'connecting' | 'open' | 'blocked' | 'closed';

interface SessionOptions {
  /** Tried in turn (Celery's `broker_failover_strategy` round-robin). */
  readonly logins: readonly [BrokerLogin, ...BrokerLogin[]];
  /** Name of the connection, as `rabbitmqctl list_connections client_properties` shows it. */
  readonly name: string;
  /** Seconds; a dead peer is noticed within three of them. 0 for none. */
  readonly heartbeat: number;
  /** Seconds until an attempt to connect has failed. */
  readonly timeout: number;
  /** What encrypted connections are made with; asked for each of them. */
  readonly tls: () => TlsOptions;
  readonly report: Report;
}

const TLS_NAMES: TlsNames = {
  ca: 'OMEGA_BROKER_CA',
  cert: 'OMEGA_BROKER_CERT and OMEGA_BROKER_KEY',
  host: 'the URL (OMEGA_BROKER), or name the host as OMEGA_BROKER_SERVER_NAME',
};

const CLOSE_TIMEOUT_MS = 2_000;
/** How long an operation waits for a connection that is being restored, and a declaration for its answer. */
const RESTORE_TIMEOUT_MS = 30_000;

export class Session {
  readonly #options: SessionOptions;
  readonly #backoff = new Backoff();
  readonly #channels = new Set<Supervised>();
  readonly #listeners = new Set<(state: SessionState) => void>();
  /** What is being declared, by intent. */
  readonly #declaring = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  #connection: ChannelModel | null = null;
  #state: SessionState = 'connecting';
  #login: BrokerLogin;
  #connections = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#login = options.logins[0];
  }

  get state(): SessionState {
    return this.#state;
  }

  /** How often the connection was restored. */
  get reconnects(): number {
    return Math.max(0, this.#connections - 1);
  }

  /** Of the broker that is connected, or is tried now. */
  get address(): BrokerAddress {
    const { password, ...address } = this.#login;
    return address;
  }

  get report(): Report {
    return this.#options.report;
  }

  /** Calls the listener at every change of state; returns what ends that. */
  onStateChange(listener: (state: SessionState) => void): () => void {
    const guarded = guard(listener, this.report, 'a listener for the state of the connection threw');
    this.#listeners.add(guarded);
    return () => this.#listeners.delete(guarded);
  }

  /**
   * Connects. With `retry` it tries until it succeeds or the session is closed.
   *
   * @throws OperationalError naming the address and the remedy.
   */
  async connect({ retry }: { readonly retry: boolean }): Promise<void> {
    for (;;) {
      try {
        return await this.#connectOnce();
      } catch (error) {
        if (!retry) this.#closing.abort();
        await this.#beforeNextAttempt(error);
      }
    }
  }

  /** Opens a channel now or as soon as there is a connection, and again whenever it is lost. */
  openChannel<C extends Channel>(role: ChannelRole<C>): SupervisedChannel<C> {
    const channel: SupervisedChannel<C> = new SupervisedChannel(role, {
      report: this.report,
      unusable: (connection, error) => this.#lost(connection, error),
      closed: () => this.#channels.delete(channel),
    });
    this.#channels.add(channel);
    if (this.#connection) channel.connected(this.#connection);
    return channel;
  }

  /**
   * Does something idempotent on the connection; waits for it, and does it again when it was lost meanwhile.
   *
   * @param intent what is done, for the error: `declare queue 'x'`.
   * @param action may take as long as it likes.
   * @throws OperationalError after 30 s without a connection, or when the broker refuses.
   */
  async perform(intent: string, action: (connection: ChannelModel) => Promise<void>): Promise<void> {
    const giveUpAt = Date.now() + RESTORE_TIMEOUT_MS;
    while (Date.now() < giveUpAt && this.#state !== 'closed') {
      const connection = this.#connection;
      if (!connection) {
        await this.#nextState(giveUpAt - Date.now());
        continue;
      }
      try {
        return await action(connection);
      } catch (error) {
        if (this.#connection === connection) throw this.#failure(intent, error);
      }
    }
    throw this.#failure(intent, new Error(`the connection is ${this.#state}`));
  }

  /**
   * As {@link perform}, but joins what is under way with the same intent: thousands of messages may miss one queue at the
   * same time, and each action takes a channel, of which a connection has about two thousand.
   *
   * @throws OperationalError after 30 s, or when the broker refuses.
   */
  declare(intent: string, action: (connection: ChannelModel) => Promise<void>): Promise<void> {
    const joined = this.#declaring.get(intent);
    if (joined) return joined;
    const giveUpAt = Date.now() + RESTORE_TIMEOUT_MS;
    const inTime = (connection: ChannelModel) => this.#answered(action(connection), giveUpAt - Date.now());
    const declaring = this.perform(intent, inTime).finally(() => this.#declaring.delete(intent));
    this.#declaring.set(intent, declaring);
    return declaring;
  }

  /** Closes the channels, then the connection. Messages and acks written before are not lost. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    const connection = this.#connection;
    // amqplib writes connection.close past the buffers of the channels, and acks may still be in them.
    const channels = [...this.#channels].map((channel) => channel.close());
    await settlesWithin(Promise.all(channels), CLOSE_TIMEOUT_MS);
    if (connection) await dispose(connection);
    this.#setState('closed');
  }

  /** A broker that is short of memory or disk never answers, as long as that lasts. What it answers later is dropped. */
  async #answered(doing: Promise<void>, timeoutMs: number): Promise<void> {
    if (await settlesWithin(doing, timeoutMs)) return await doing;
    throw new Error(`no answer within ${RESTORE_TIMEOUT_MS / 1_000} s, the connection is ${this.#state}`);
  }

  async #beforeNextAttempt(error: unknown): Promise<void> {
    const { signal } = this.#closing;
    if (!signal.aborted) this.report(error, 'no connection to the broker: trying again');
    await sleep(this.#backoff.next(), undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) return;
    this.#setState('closed');
    throw error;
  }

  async #connectOnce(): Promise<void> {
    const connection = await this.#openAny();
    if (this.#closing.signal.aborted) {
      await dispose(connection);
      throw this.#failure('connect', new Error('the connection was closed meanwhile'));
    }
    this.#watch(connection);
    const socket = socketOf(connection);
    if (socket) joinWrites(socket);
    this.#connection = connection;
    this.#connections += 1;
    this.#backoff.opened();
    for (const channel of this.#channels) channel.connected(connection);
    this.#setState('open');
  }

  /** Each broker once, beginning with the one that was there last. @throws the last one's OperationalError */
  async #openAny(): Promise<ChannelModel> {
    const { logins } = this.#options;
    for (let left = logins.length - 1; ; left -= 1) {
      try {
        return await this.#open();
      } catch (error) {
        this.#login = logins[(logins.indexOf(this.#login) + 1) % logins.length] ?? logins[0];
        if (left === 0 || this.#closing.signal.aborted) throw error;
        this.report(error, 'no connection to this broker: trying the next one');
      }
    }
  }

  async #open(): Promise<ChannelModel> {
    const { protocol, hostname, port, username, password, virtualHost } = this.#login;
    // amqplib decodes the virtual host of an address object as it does that of a URL.
    const vhost = encodeURIComponent(virtualHost);
    const address = {
      protocol,
      hostname,
      port,
      username,
      password,
      vhost,
      heartbeat: this.#options.heartbeat,
    };
    try {
      const connection = await connect(address, {
        ...(protocol === 'amqps' && this.#options.tls()),
        timeout: this.#options.timeout * 1000,
        keepAlive: true,
        noDelay: true,
        clientProperties: { connection_name: this.#options.name },
      });
      guardHeaders(connection);
      return connection;
    } catch (error) {
      throw this.#failure('connect', error);
    }
  }

  #watch(connection: ChannelModel): void {
    let reason: unknown;
    connection.on('error', (error) => {
      reason = error;
    });
    connection.on('close', (error) => this.#lost(connection, reason ?? error));
    connection.on('handler-error', (error) => this.report(error, 'a listener on the connection threw'));
    connection.on('blocked', (why) => {
      this.report(new Error(why), 'the broker blocks publishing until it has resources again');
      this.#setState('blocked');
    });
    connection.on('unblocked', () => this.#setState('open'));
  }

  #lost(connection: ChannelModel, error: unknown): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    for (const channel of this.#channels) channel.disconnected();
    destroySocketSoon(connection);
    if (this.#closing.signal.aborted) return;
    this.report(error, 'the connection to the broker is lost: restoring it');
    this.#setState('connecting');
    this.connect({ retry: true }).catch(() => undefined);
  }

  #setState(state: SessionState): void {
    if (state === this.#state || this.#state === 'closed') return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  async #nextState(timeoutMs: number): Promise<void> {
    let stop = (): void => undefined;
    const changed = new Promise<void>((resolve) => {
      stop = this.onStateChange(() => resolve());
    });
    await settlesWithin(changed, timeoutMs);
    stop();
  }

  #failure(intent: string, error: unknown): OperationalError {
    const remedy =
      tlsRemedy(error, TLS_NAMES) ??
      'start RabbitMQ there, or correct the address and the login (OMEGA_BROKER)';
    return new OperationalError(
      `cannot ${intent} at the broker ${describeAddress(this.#login)}, as user '${this.#login.username}': ${detailOf(error)}; ${remedy}`,
      { cause: error },
    );
  }
}

/** Node leaves the message of a connection that failed on every address of a host empty. */
function detailOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || String(Reflect.get(error, 'code'));
}

async function dispose(connection: ChannelModel): Promise<void> {
  connection.on('error', () => undefined);
  await settlesWithin(connection.close(), CLOSE_TIMEOUT_MS);
  destroySocketSoon(connection);
}

/** amqplib only ends the stream: the socket of a peer that is gone would stay, and keep the process alive. */
function destroySocketSoon(connection: ChannelModel): void {
  const socket = socketOf(connection);
  if (socket) setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref();
}

function socketOf({ connection }: ChannelModel): Duplex | null {
  return 'stream' in connection && connection.stream instanceof Duplex ? connection.stream : null;
}
