/** A client's side of the broker: publishes tasks and control requests, receives results and replies. */
import { randomUUID } from 'node:crypto';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Reply, Transport } from '../contract/transport.ts';
import { type BrokerOptions, createSession } from './broker.ts';
import { PrivateQueue } from './private-queue.ts';
import { ConfirmPublisher } from './publisher.ts';
import { guard } from './report.ts';
import type { Session } from './session.ts';
import {
  checkQueueName,
  declareControlExchanges,
  declareControlReplyQueue,
  declareReplyQueue,
  declareTaskQueue,
} from './topology.ts';

/**
 * Connects a client, on one connection.
 *
 * @param options `retry` is off by default: a client is told at once that there is no broker.
 * @throws OperationalError, ImproperlyConfigured
 */
export async function connectTransport(options: BrokerOptions): Promise<Transport> {
  const session = createSession(options, 'client');
  await session.connect({ retry: options.retry ?? false });
  const oid = randomUUID();
  const publisher = new ConfirmPublisher(session);
  const onReply = lazyQueue(session, 'reply queue', (channel) => declareReplyQueue(channel, oid));
  const onControlReply = lazyQueue(session, 'control reply queue', async (channel, connection) => {
    await declareControlExchanges(connection);
    return await declareControlReplyQueue(channel, oid);
  });

  return {
    oid,
    onReply,
    onControlReply,
    publish: (publication) => publisher.publish(publication),
    async declareQueue(queue) {
      checkQueueName(queue);
      await session.perform(`declare queue '${queue}'`, (connection) => declareTaskQueue(connection, queue));
    },
    async close() {
      await publisher.close();
      await session.close();
    },
  };
}

/** A queue that is opened when its first listener comes. */
function lazyQueue(
  session: Session,
  name: string,
  declare: (channel: Channel, connection: ChannelModel) => Promise<string>,
): (listener: (reply: Reply) => void) => Promise<void> {
  const listeners: ((reply: Reply) => void)[] = [];
  let queue: PrivateQueue | undefined;

  function onMessage({ content, properties }: ConsumeMessage): void {
    const { correlationId, headers = {} } = properties;
    for (const listener of listeners) listener({ correlationId, headers, body: content });
  }

  return async (listener) => {
    listeners.push(guard(listener, session.report, `a listener for the ${name} threw`));
    queue ??= new PrivateQueue(session, { name, declare, onMessage });
    await queue.opened();
  };
}
