/** The port through which the runtime (client) and the result backends reach the broker. */

import type { ClusterNames } from './cluster.ts';

/** AMQP basic properties, by the names of the AMQP 0-9-1 specification in camel case. */
export interface MessageProperties {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly deliveryMode?: 1 | 2;
  readonly priority?: number;
  readonly correlationId?: string;
  readonly replyTo?: string;
  /** Milliseconds, as text. */
  readonly expiration?: string;
  readonly messageId?: string;
  /** Seconds since the epoch. */
  readonly timestamp?: number;
  readonly type?: string;
  readonly appId?: string;
}

/** A message ready to be sent. */
export interface Publication {
  /** `''` is the default exchange: the routing key is then a queue's name. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly properties: MessageProperties;
  /**
   * What to do when no queue receives it: `error` rejects with `Unroutable`; `drop` counts it as
   * delivered (a reply to a client that is gone).
   */
  readonly unroutable: 'error' | 'drop';
  /** It may have been published before: it is marked as a copy, where it is not marked as one yet. Default false. */
  readonly mayHaveArrived?: boolean;
  /** It came from the broker with this body, so that only the broker limits its size. Default false. */
  readonly relayed?: boolean;
}

/** A message that arrived on one of this client's own queues. */
export interface Reply {
  readonly correlationId: string | undefined;
  readonly contentType?: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** A message that waits in a queue. */
export interface QueuedMessage {
  readonly body: Buffer;
  readonly properties: MessageProperties;
}

/** What becomes of a message that was looked at; `stop`: it stays, and no further one is shown. */
export type Visit = 'keep' | 'remove' | 'stop';

export interface Publisher {
  /**
   * Publishes and resolves when the broker has confirmed. Waits while the connection is being restored.
   *
   * @throws Unroutable, MessageTooLarge, OperationalError
   */
  publish(publication: Publication): Promise<void>;
}

/** The client's side of the broker. */
export interface Transport extends Publisher {
  /** Name of this client's reply queue and its id as a control client. */
  readonly oid: string;
  readonly names: ClusterNames;
  /** Declares a task queue and its exchange as Celery does, by the settings. */
  declareQueue(queue: string): Promise<void>;
  /**
   * Removes the messages that wait in a queue.
   *
   * @returns how many they were, null where there is no such queue.
   */
  purgeQueue(queue: string): Promise<number | null>;
  /**
   * Shows the messages that wait in a queue, in their order; after a lost connection from the first one again. Those
   * that stay keep their places.
   *
   * @returns false where there is no such queue.
   * @throws OperationalError, and what `visit` throws.
   */
  visitQueue(queue: string, visit: (message: QueuedMessage) => Promise<Visit>): Promise<boolean>;
  /**
   * Prepares delayed delivery to a task queue that is declared: before the first publication that
   * `delayUntil` (protocol/delay.ts) sends through the delay queues, and again when one is unroutable.
   */
  declareDelayed(queue: string): Promise<void>;
  /** Opens the reply queue (once) and hands every reply to `listener`. */
  onReply(listener: (reply: Reply) => void): Promise<void>;
  /** Opens the control reply queue (once) and hands every control reply to `listener`. */
  onControlReply(listener: (reply: Reply) => void): Promise<void>;
  /**
   * Opens a queue for events and hands every message to `listener`.
   *
   * @param pattern of the events' types, as AMQP matches routing keys. Default `#`, all.
   * @returns what ends that.
   */
  onEvent(listener: (reply: Reply) => void, pattern?: string): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
