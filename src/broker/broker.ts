/** A worker's side of the broker: one connection consumes and acknowledges, another one publishes. */
import { CELERY_CLUSTER, type ClusterNames } from '../contract/cluster.ts';
import type { LogPort } from '../contract/logger.ts';
import { directBinding, type TaskQueue } from '../contract/queue.ts';
import type { Publisher, Reply } from '../contract/transport.ts';
import type { TlsOptions } from '../tls.ts';
import { type BrokerAddress, parseBrokerUrls } from './address.ts';
import { type ConsumerOptions, type Delivery, TaskConsumer } from './consumer.ts';
import { declareDelayed } from './delay-topology.ts';
import { type Mailbox, type MailboxRequest, openControlReplies, openMailbox } from './mailbox.ts';
import { ConfirmPublisher } from './publisher.ts';
import { createQueuePublisher } from './queue-publisher.ts';
import { createReport } from './report.ts';
import { Session, type SessionState } from './session.ts';
import {
  checkQueueName,
  declareDeadQueue,
  declareParkedQueue,
  declareTarget,
  type QueueDefaults,
} from './topology.ts';

export interface BrokerOptions {
  /** As Celery writes it: `amqp://user:password@host:port/vhost`; several, with `;` between them, in turn. */
  readonly url: string;
  /** Of the connection that consumes (`broker_read_url`). Default: `url`. */
  readonly readUrl?: string | undefined;
  /** Of the connection that publishes (`broker_write_url`). Default: `url`. */
  readonly writeUrl?: string | undefined;
  /** Name of the connections, for the broker's operator. */
  readonly name: string;
  /** Seconds; a dead broker is noticed within three of them. 0 for none. Default 10. */
  readonly heartbeat?: number;
  /** Seconds. Default 5. */
  readonly connectionTimeout?: number;
  /** What encrypted connections are made with; asked for each of them. Default: as Node does. */
  readonly tls?: () => TlsOptions;
  /** Keep trying until the broker is there, instead of failing. Default true. */
  readonly retry?: boolean;
  /** How queues are declared that do not exist. Default: as Celery does. */
  readonly queues?: QueueDefaults | undefined;
  /** The queues whose exchange is not their own, by the settings. Default: none. */
  readonly taskQueues?: readonly TaskQueue[];
  /** Default: Celery's. */
  readonly names?: ClusterNames;
  /** Told of lost connections and channels, as warnings. */
  readonly logger?: LogPort;
}

export interface Broker {
  readonly names: ClusterNames;
  /** Of the connection that consumes. */
  readonly address: BrokerAddress;
  /** Seconds. */
  readonly heartbeat: number;
  /** `open` when both connections are; `blocked` while the broker takes no publications. */
  readonly state: SessionState;
  /** True while the broker takes no publications; consuming goes on. */
  readonly blocked: boolean;
  /** How often each connection was lost and restored. */
  readonly reconnects: { readonly consume: number; readonly publish: number };
  readonly publisher: Publisher;
  /** Publishes to the queues of what cannot run. */
  readonly deadLetters: Publisher;
  /** Publishes to the queues of what runs already: with its time to live over, a message is back in its task queue. */
  readonly parking: Publisher;
  /**
   * Consumes task queues, declared as Celery does where they do not exist. What `onDelivery` throws is
   * reported, and its delivery stays unsettled until the channel closes.
   *
   * @throws InvalidName, ImproperlyConfigured
   */
  createConsumer(
    options: ConsumerOptions,
    onDelivery: (delivery: Delivery) => void | Promise<void>,
  ): TaskConsumer;
  /** Declares a task queue as Celery does, where it is missing. @throws InvalidName, OperationalError */
  declareQueue(queue: string): Promise<void>;
  /**
   * Declares Celery's delay queues, where they are missing, and lets delayed messages reach this queue.
   *
   * @throws InvalidName, OperationalError
   */
  declareDelayed(queue: string): Promise<void>;
  /** Opens the control mailbox of a nodename. @throws InvalidName */
  openMailbox(nodename: string, onRequest: (request: MailboxRequest) => void | Promise<void>): Mailbox;
  /**
   * Opens a queue for the replies to control requests of our own.
   *
   * @param oid id of the asking client, unique.
   * @returns what closes it.
   * @throws OperationalError
   */
  openControlReplies(oid: string, onReply: (reply: Reply) => void): Promise<() => Promise<void>>;
  /** Calls the listener whenever `state` changes; returns what ends that. */
  onStateChange(listener: (state: SessionState) => void): () => void;
  /** Waits for the confirms (up to 5 s), then closes; acks sent before are not lost. */
  close(): Promise<void>;
}

const HEARTBEAT_SECONDS = 10;
const CONNECTION_TIMEOUT_SECONDS = 5;

/**
 * Connects to the broker, twice: on a connection that has published, the broker reads no acks while it is
 * short of memory or disk.
 *
 * @throws OperationalError with `retry: false`, ImproperlyConfigured for a URL that is none.
 */
export async function connectBroker(options: BrokerOptions): Promise<Broker> {
  const { names = CELERY_CLUSTER, readUrl = options.url, writeUrl = options.url } = options;
  const consuming = createSession({ ...options, url: readUrl }, 'consume');
  const publishing = createSession({ ...options, url: writeUrl }, 'publish');
  const sessions = [consuming, publishing];
  const retry = options.retry ?? true;
  try {
    await Promise.all(sessions.map((session) => session.connect({ retry })));
  } catch (error) {
    await Promise.all(sessions.map((session) => session.close()));
    throw error;
  }
  const publisher = new ConfirmPublisher(publishing, { names });

  return {
    names,
    get address() {
      return consuming.address;
    },
    heartbeat: options.heartbeat ?? HEARTBEAT_SECONDS,
    get state() {
      return leastState(sessions);
    },
    get blocked() {
      return publishing.state === 'blocked';
    },
    get reconnects() {
      return { consume: consuming.reconnects, publish: publishing.reconnects };
    },
    publisher,
    deadLetters: createQueuePublisher(publishing, publisher, declareDeadQueue),
    parking: createQueuePublisher(publishing, publisher, declareParkedQueue),
    createConsumer: (consumer, onDelivery) =>
      new TaskConsumer(consuming, { defaults: options.queues, ...consumer }, onDelivery),
    declareQueue: (queue) => prepareQueue(publishing, queue, options),
    declareDelayed: (queue) => prepareDelayed(publishing, queue, options.queues),
    openMailbox: (nodename, onRequest) => openMailbox(consuming, { nodename, names }, onRequest),
    openControlReplies: (oid, onReply) => openControlReplies(consuming, { oid, names }, onReply),
    onStateChange: (listener) => onStateChange(sessions, listener),
    async close() {
      await publisher.close();
      await Promise.all(sessions.map((session) => session.close()));
    },
  };
}

/** What `declareQueue` of a worker's and of a client's side does. */
export async function prepareQueue(
  session: Session,
  queue: string,
  { queues, taskQueues = [] }: Pick<BrokerOptions, 'queues' | 'taskQueues'>,
): Promise<void> {
  checkQueueName(queue);
  const target = taskQueues.find(({ name }) => name === queue) ?? directBinding(queue);
  await session.declare(`declare queue '${queue}'`, (connection) =>
    declareTarget(connection, target, queues),
  );
}

/** What `declareDelayed` of a worker's and of a client's side does. */
export async function prepareDelayed(
  session: Session,
  queue: string,
  defaults?: QueueDefaults,
): Promise<void> {
  checkQueueName(queue);
  await session.declare(`prepare delayed delivery to queue '${queue}'`, (connection) =>
    declareDelayed(connection, queue, defaults),
  );
}

/** A session with the settings that every connection of ours has. */
export function createSession(options: BrokerOptions, purpose: string): Session {
  const name = `${options.name} ${purpose}`;
  return new Session({
    logins: parseBrokerUrls(options.url),
    name,
    heartbeat: options.heartbeat ?? HEARTBEAT_SECONDS,
    timeout: options.connectionTimeout ?? CONNECTION_TIMEOUT_SECONDS,
    tls: options.tls ?? (() => ({})),
    report: createReport(options.logger, name),
  });
}

function leastState(sessions: readonly Session[]): SessionState {
  const states = sessions.map(({ state }) => state);
  const order: readonly SessionState[] = ['closed', 'connecting', 'blocked'];
  return order.find((state) => states.includes(state)) ?? 'open';
}

function onStateChange(sessions: readonly Session[], listener: (state: SessionState) => void): () => void {
  let last = leastState(sessions);
  const changed = (): void => {
    const state = leastState(sessions);
    if (state === last) return;
    last = state;
    listener(state);
  };
  const stops = sessions.map((session) => session.onStateChange(changed));
  return () => {
    for (const stop of stops) stop();
  };
}
