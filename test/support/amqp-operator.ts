/** What an operator of the broker does beside the code under test, over a plain amqplib connection. */
import { type Channel, type ChannelModel, connect, type Options } from 'amqplib';

export interface AmqpOperator {
  declareQueue(queue: string, options?: Options.AssertQueue): Promise<void>;
  deleteQueue(queue: string): Promise<void>;
  /** Messages that are ready: neither delivered nor acknowledged. Null when there is no such queue. */
  ready(queue: string): Promise<number | null>;
  send(queue: string, bodies: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function connectOperator(url: string): Promise<AmqpOperator> {
  const connection = await connect(url);
  return {
    declareQueue: (queue, options) => onChannel(connection, (channel) => channel.assertQueue(queue, options)),
    deleteQueue: (queue) => onChannel(connection, (channel) => channel.deleteQueue(queue)),
    async ready(queue) {
      let count: number | null = null;
      await onChannel(connection, async (channel) => {
        count = (await channel.checkQueue(queue)).messageCount;
      }).catch(() => undefined);
      return count;
    },
    async send(queue, bodies) {
      const channel = await connection.createConfirmChannel();
      for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
      await channel.waitForConfirms();
      await channel.close();
    },
    close: () => connection.close(),
  };
}

async function onChannel(
  connection: ChannelModel,
  action: (channel: Channel) => Promise<unknown>,
): Promise<void> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  await action(channel);
  await channel.close();
}
