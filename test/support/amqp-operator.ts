/** What an operator of the broker does beside the code under test, over a plain amqplib connection. */
import {
  type Channel,
  type ChannelModel,
  connect,
  type GetMessage,
  type Options,
  type Replies,
} from 'amqplib';
import type { MessageProperties } from '../../src/contract/transport.ts';

/** A message with any properties. */
export interface Sendable {
  readonly body: Buffer;
  readonly properties: MessageProperties;
}

/** So many are under way at a time. */
const BATCH = 5_000;

export interface AmqpOperator {
  declareQueue(queue: string, options?: Options.AssertQueue): Promise<unknown>;
  deleteQueue(queue: string): Promise<unknown>;
  /** Messages that are ready: neither delivered nor acknowledged. Null when there is no such queue. */
  ready(queue: string): Promise<number | null>;
  /** Consumers of a queue. Null when there is no such queue. */
  consumers(queue: string): Promise<number | null>;
  /** Takes a queue for itself: who consumes it meanwhile is refused (403). Returns what ends that. */
  occupy(queue: string): Promise<() => Promise<void>>;
  /** Takes so many messages from a queue, or as many as there are. */
  take(queue: string, count: number): Promise<GetMessage[]>;
  /** Takes the first message of a queue and gives it back, as often as told. */
  giveBack(queue: string, times: number): Promise<void>;
  send(queue: string, bodies: readonly string[]): Promise<void>;
  /** Resolves when the broker has confirmed all of them. */
  publish(queue: string, messages: Iterable<Sendable>): Promise<void>;
  close(): Promise<void>;
}

export async function connectOperator(url: string): Promise<AmqpOperator> {
  const connection = await connect(url);
  return {
    declareQueue: (queue, options) => onChannel(connection, (channel) => channel.assertQueue(queue, options)),
    deleteQueue: (queue) => onChannel(connection, (channel) => channel.deleteQueue(queue)),
    ready: async (queue) => (await check(connection, queue))?.messageCount ?? null,
    consumers: async (queue) => (await check(connection, queue))?.consumerCount ?? null,
    async occupy(queue) {
      const channel = await connection.createChannel();
      await channel.consume(queue, () => {}, { exclusive: true });
      return () => channel.close();
    },
    async take(queue, count) {
      const channel = await connection.createChannel();
      const messages: GetMessage[] = [];
      while (messages.length < count) {
        const message = await channel.get(queue, { noAck: true });
        if (message === false) break;
        messages.push(message);
      }
      await channel.close();
      return messages;
    },
    async giveBack(queue, times) {
      const channel = await connection.createChannel();
      for (let given = 0; given < times; ) {
        const message = await channel.get(queue);
        if (message === false) continue;
        channel.nack(message);
        given += 1;
      }
      await channel.close();
    },
    async send(queue, bodies) {
      const messages = bodies.map((body) => ({
        body: Buffer.from(body),
        properties: { deliveryMode: 2 as const },
      }));
      await publish(connection, queue, messages);
    },
    publish: (queue, messages) => publish(connection, queue, messages),
    close: () => connection.close(),
  };
}

async function publish(connection: ChannelModel, queue: string, messages: Iterable<Sendable>): Promise<void> {
  const channel = await connection.createConfirmChannel();
  let sent = 0;
  for (const { body, properties } of messages) {
    channel.publish('', queue, body, properties);
    sent += 1;
    if (sent % BATCH === 0) await channel.waitForConfirms();
  }
  await channel.waitForConfirms();
  await channel.close();
}

async function check(connection: ChannelModel, queue: string): Promise<Replies.AssertQueue | null> {
  return await onChannel(connection, (channel) => channel.checkQueue(queue)).catch(() => null);
}

async function onChannel<Result>(
  connection: ChannelModel,
  action: (channel: Channel) => Promise<Result>,
): Promise<Result> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  const result = await action(channel);
  await channel.close();
  return result;
}
