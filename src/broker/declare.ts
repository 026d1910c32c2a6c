/** What every declaration is made of: on a channel of its own, and only of what does not exist. */
import type { Channel, ChannelModel } from 'amqplib';
import type { ExchangeType } from '../contract/queue.ts';
import { NOT_FOUND, replyCode } from './reply-code.ts';
import { closeQuietly } from './supervised-channel.ts';

/** An exchange, unless there is one of that name. */
export async function declareExchange(
  connection: ChannelModel,
  exchange: string,
  type: ExchangeType,
  options: { readonly durable: boolean },
): Promise<void> {
  if (await exists(connection, (channel) => channel.checkExchange(exchange))) return;
  await onChannel(connection, (channel) => channel.assertExchange(exchange, type, options));
}

/** Whether a passive declaration finds what it looks for. */
export async function exists(
  connection: ChannelModel,
  check: (channel: Channel) => Promise<unknown>,
): Promise<boolean> {
  try {
    await onChannel(connection, check);
    return true;
  } catch (error) {
    if (replyCode(error) === NOT_FOUND) return false;
    throw error;
  }
}

/** A channel of its own: a check or declaration that fails closes the channel it is made on. */
export async function onChannel(
  connection: ChannelModel,
  action: (channel: Channel) => Promise<unknown>,
): Promise<void> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  try {
    await action(channel);
  } finally {
    await closeQuietly(channel);
  }
}
