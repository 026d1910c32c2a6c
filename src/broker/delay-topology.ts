/** Celery's delay queues (protocol/delay.ts), declared as kombu does (kombu/transport/native_delayed_delivery.py). */
import type { Channel, ChannelModel, Options } from 'amqplib';
import type { QueueBinding } from '../contract/queue.ts';
import {
  DELAY_LEVELS,
  DELAYED_DELIVERY_EXCHANGE,
  delayedBindingKey,
  delayLevelName,
  isDelayable,
} from '../protocol/delay.ts';
import { declareExchange, exists, onChannel } from './declare.ts';
import { CELERY_QUEUES, type QueueDefaults, queueArgumentsOf } from './topology.ts';

type DelayQueueType = QueueDefaults['delayType'];

/**
 * The delay queues, and a task queue's way out of them. All of it is looked at each time, since a program that
 * ended halfway, ours or Celery's, may have left a part.
 */
export async function declareDelayed(
  connection: ChannelModel,
  queue: string,
  { delayType }: QueueDefaults = CELERY_QUEUES,
): Promise<void> {
  await bindQueue(connection, queue);
  await declareLevels(connection, delayType);
}

async function declareLevels(connection: ChannelModel, type: DelayQueueType): Promise<void> {
  const levels = Array.from({ length: DELAY_LEVELS }, (_, level) => level);
  await Promise.all(levels.map((level) => declareLevel(connection, level, type)));
  await onChannel(connection, (channel) => Promise.all(levels.map((level) => bindLevel(channel, level))));
}

/**
 * Lets delayed messages reach a task queue: those for the queue, and those of Celery for its exchange. Celery's clients
 * send such, and rely on the delay queues to be there, where a quorum queue has an exchange that is not direct.
 */
export async function bindDelayed(
  connection: ChannelModel,
  binding: QueueBinding,
  defaults: QueueDefaults,
): Promise<void> {
  await bindQueue(connection, binding.name);
  if (binding.exchangeType === 'direct') return;
  await bindExchange(connection, binding);
  const isQuorum = queueArgumentsOf(binding, defaults)['x-queue-type'] === 'quorum';
  if (isQuorum) await declareLevels(connection, defaults.delayType);
}

/** Nothing for a queue whose name is too long for the delay queues. */
async function bindQueue(connection: ChannelModel, queue: string): Promise<void> {
  if (!isDelayable(queue)) return;
  await declareExchange(connection, DELAYED_DELIVERY_EXCHANGE, 'topic', { durable: true });
  await onChannel(connection, (channel) =>
    channel.bindQueue(queue, DELAYED_DELIVERY_EXCHANGE, delayedBindingKey(queue)),
  );
}

/** As kombu does (`bind_queue_to_native_delayed_delivery_exchange`). */
async function bindExchange(
  connection: ChannelModel,
  { name, exchange, routingKey, bindingArguments = {} }: QueueBinding,
): Promise<void> {
  const key = routingKey.startsWith('#') ? routingKey : `#.${routingKey}`;
  await declareExchange(connection, DELAYED_DELIVERY_EXCHANGE, 'topic', { durable: true });
  await onChannel(connection, async (channel) => {
    await channel.bindExchange(exchange, DELAYED_DELIVERY_EXCHANGE, key);
    await channel.bindQueue(name, exchange, key, bindingArguments);
  });
}

async function declareLevel(connection: ChannelModel, level: number, type: DelayQueueType): Promise<void> {
  const name = delayLevelName(level);
  await declareExchange(connection, name, 'topic', { durable: true });
  if (await exists(connection, (channel) => channel.checkQueue(name))) return;
  await onChannel(connection, (channel) => channel.assertQueue(name, queueOptions(level, type)));
}

/** A message waits at the levels whose bit is 1 in its delay, and passes the others. */
async function bindLevel(channel: Channel, level: number): Promise<void> {
  const name = delayLevelName(level);
  const above = '*.'.repeat(DELAY_LEVELS - 1 - level);
  await channel.bindQueue(name, name, `${above}1.#`);
  await channel.bindExchange(nextExchange(level), name, `${above}0.#`);
}

function nextExchange(level: number): string {
  return level === 0 ? DELAYED_DELIVERY_EXCHANGE : delayLevelName(level - 1);
}

function queueOptions(level: number, type: DelayQueueType): Options.AssertQueue {
  return {
    durable: true,
    arguments: {
      'x-queue-type': type,
      'x-overflow': 'reject-publish',
      'x-message-ttl': 2 ** level * 1000,
      'x-dead-letter-exchange': nextExchange(level),
      // Without it a quorum queue may lose what it passes on when a node fails.
      ...(type === 'quorum' && { 'x-dead-letter-strategy': 'at-least-once' }),
    },
  };
}
