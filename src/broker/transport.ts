/** A client's side of the broker: publishes tasks and control requests, receives results and replies. */
import { randomUUID } from 'node:crypto';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { CELERY_CLUSTER, type ClusterNames } from '../contract/cluster.ts';
import type { Reply, Transport } from '../contract/transport.ts';
import { type BrokerOptions, createSession, prepareDelayed, prepareQueue } from './broker.ts';
import { settlesWithin } from './deadline.ts';
import { toReply } from './delivery.ts';
import { openedOrClosed } from './mailbox.ts';
import { PrivateQueue } from './private-queue.ts';
import { ConfirmPublisher } from './publisher.ts';
import { guard } from './report.ts';
import type { Session } from './session.ts';
import {
  checkQueueName,
  declareControlReplyQueue,
  declareEventQueue,
  declareReplyQueue,
  declareSharedExchanges,
  deleteReplyQueue,
  purgeQueue,
} from './topology.ts';
import { visitQueue } from './visit-queue.ts';

const DISCARD_TIMEOUT_MS = 2_000;

/**
 * Connects a client, on one connection.
 *
 * @param options `retry` is off by default: a client is told at once that there is no broker.
 * @throws OperationalError, ImproperlyConfigured
 */
export async function connectTransport(options: BrokerOptions): Promise<Transport> {
  const { names = CELERY_CLUSTER, writeUrl = options.url } = options;
  const session = createSession({ ...options, url: writeUrl }, 'client');
  await session.connect({ retry: options.retry ?? false });
  const oid = randomUUID();
  const publisher = new ConfirmPublisher(session, { names });
  const replies = lazyQueue(session, 'reply queue', (channel) => declareReplyQueue(channel, oid));
  const controlReplies = lazyQueue(session, 'control reply queue', async (channel, connection) => {
    await declareSharedExchanges(connection, names);
    return await declareControlReplyQueue(channel, oid, names);
  });

  /** Without a connection, or when it takes too long, the queue is left to its expiry. */
  async function discardReplies(): Promise<void> {
    if (!replies.isUsed || session.state !== 'open') return;
    await replies.close();
    await session.perform('delete the reply queue', (connection) => deleteReplyQueue(connection, oid));
  }

  return {
    oid,
    names,
    onReply: replies.listen,
    onControlReply: controlReplies.listen,
    publish: (publication) => publisher.publish(publication),
    declareQueue: (queue) => prepareQueue(session, queue, options),
    async purgeQueue(queue) {
      checkQueueName(queue);
      let count: number | null = null;
      await session.perform(`purge queue '${queue}'`, async (connection) => {
        count = await purgeQueue(connection, queue);
      });
      return count;
    },
    async visitQueue(queue, visit) {
      checkQueueName(queue);
      let isThere = false;
      await session.perform(`look through queue '${queue}'`, async (connection) => {
        isThere = await visitQueue(connection, queue, visit);
      });
      return isThere;
    },
    onEvent: (listener, pattern = '#') => receiveEvents(session, listener, { pattern, names }),
    declareDelayed: (queue) => prepareDelayed(session, queue, options.queues),
    async close() {
      await publisher.close();
      await settlesWithin(discardReplies(), DISCARD_TIMEOUT_MS);
      await session.close();
    },
  };
}

async function receiveEvents(
  session: Session,
  listener: (reply: Reply) => void,
  { pattern, names }: { readonly pattern: string; readonly names: ClusterNames },
): Promise<() => Promise<void>> {
  const id = randomUUID();
  const queue = new PrivateQueue(session, {
    name: 'event queue',
    async declare(channel, connection) {
      await declareSharedExchanges(connection, names);
      return await declareEventQueue(channel, id, pattern, names);
    },
    onMessage: (message) => listener(toReply(message)),
  });
  return await openedOrClosed(queue);
}

interface LazyQueue {
  /** Whether anybody has ever listened. */
  readonly isUsed: boolean;
  /** @throws OperationalError when the queue cannot be opened; the listener is then not registered. */
  listen(listener: (reply: Reply) => void): Promise<void>;
  close(): Promise<void>;
}

/** A queue that is opened when its first listener comes. */
function lazyQueue(
  session: Session,
  name: string,
  declare: (channel: Channel, connection: ChannelModel) => Promise<string>,
): LazyQueue {
  const listeners = new Set<(reply: Reply) => void>();
  let queue: PrivateQueue | undefined;

  function onMessage(message: ConsumeMessage): void {
    const reply = toReply(message);
    for (const listener of listeners) listener(reply);
  }

  return {
    get isUsed() {
      return queue !== undefined;
    },
    async listen(listener) {
      const guarded = guard(listener, session.report, `a listener for the ${name} threw`);
      listeners.add(guarded);
      queue ??= new PrivateQueue(session, { name, declare, onMessage });
      try {
        await queue.opened();
      } catch (error) {
        listeners.delete(guarded);
        throw error;
      }
    },
    async close() {
      await queue?.close();
    },
  };
}
