/**
 * Queues, exchanges and bindings, declared exactly as Celery 5.7 and kombu declare them. What exists
 * already is used as it is: another type or other arguments are the operator's choice, and declaring it
 * again would only close the channel (406).
 */
import type { Channel, ChannelModel, Options } from 'amqplib';
import type { ClusterNames } from '../contract/cluster.ts';
import {
  type ExchangeType,
  isDirectBinding,
  type QueueArguments,
  type QueueBinding,
  type TaskQueue,
} from '../contract/queue.ts';
import { InvalidName } from '../errors.ts';
import { NODE_CONTROL_EXCHANGE } from '../protocol/control.ts';
import {
  DELAY_LEVELS,
  DELAYED_DELIVERY_EXCHANGE,
  delayedBindingKey,
  delayLevelName,
  isDelayable,
} from '../protocol/delay.ts';
import { NOT_FOUND, replyCode } from './reply-code.ts';
import { closeQuietly } from './supervised-channel.ts';

/** Arguments of kombu's control queues: gone 10 s after their consumer, messages after 300 s. */
const CONTROL_QUEUE = {
  durable: false,
  exclusive: true,
  autoDelete: true,
  expires: 10_000,
  messageTtl: 300_000,
};
/** Arguments of Celery's queues of events: what nobody takes within 5 s is old. */
const EVENT_QUEUE = { durable: false, exclusive: true, autoDelete: true, expires: 60_000, messageTtl: 5_000 };
/** How long a client's reply queue outlives its connection. */
const REPLY_QUEUE_EXPIRES_MS = 600_000;
const MAX_NAME_BYTES = 255;

/** How queues are declared that do not exist yet; what exists is used as it is. */
export interface QueueDefaults {
  readonly type: 'classic' | 'quorum';
  /** `x-max-priority` of classic queues; undefined for none. */
  readonly maxPriority?: number | undefined;
  /** Type of the delay queues (Celery's `broker_native_delayed_delivery_queue_type`). */
  readonly delayType: 'classic' | 'quorum';
}

/** What Celery declares without settings. */
export const CELERY_QUEUES: QueueDefaults = { type: 'classic', delayType: 'quorum' };

/**
 * Checks the name of a queue: 1 to 255 bytes of UTF-8, not starting with `amq.` (AMQP 0-9-1, 1.7.2.1).
 *
 * @throws InvalidName
 */
export function checkQueueName(queue: string): void {
  const bytes = Buffer.from(queue);
  const isWellFormed = bytes.toString() === queue;
  if (isWellFormed && bytes.length >= 1 && bytes.length <= MAX_NAME_BYTES && !queue.startsWith('amq.'))
    return;
  throw new InvalidName(
    `queue name '${queue.slice(0, MAX_NAME_BYTES)}' is not valid: use 1 to ${MAX_NAME_BYTES} bytes of UTF-8 that do not start with 'amq.'`,
  );
}

/** A task queue, its exchange, and the binding between them; of a queue that exists, what is missing. */
export async function declareBoundQueue(
  connection: ChannelModel,
  binding: QueueBinding,
  defaults: QueueDefaults = CELERY_QUEUES,
): Promise<void> {
  const { name, exchange, exchangeType, routingKey, bindingArguments = {} } = binding;
  const isThere = await exists(connection, (channel) => channel.checkQueue(name));
  if (isThere && isDirectBinding(binding)) return;
  await declareExchange(connection, exchange, exchangeType, { durable: true });
  await onChannel(connection, async (channel) => {
    if (!isThere) await channel.assertQueue(name, queueOptions(binding, defaults));
    await channel.bindQueue(name, exchange, routingKey, bindingArguments);
  });
}

/** What a client declares before it publishes: of queues that each worker makes for itself, only the exchange. */
export async function declareTarget(
  connection: ChannelModel,
  queue: TaskQueue | QueueBinding,
  defaults: QueueDefaults = CELERY_QUEUES,
): Promise<void> {
  if (!('broadcast' in queue && queue.broadcast)) return await declareBoundQueue(connection, queue, defaults);
  await declareExchange(connection, queue.exchange, queue.exchangeType, { durable: true });
}

/** The queue of what cannot run: messages reach it by its name, and stay until somebody takes them. */
export async function declareDeadQueue(connection: ChannelModel, queue: string): Promise<void> {
  if (await exists(connection, (channel) => channel.checkQueue(queue))) return;
  await onChannel(connection, (channel) => channel.assertQueue(queue, { durable: true }));
}

/** The exchanges of remote control and of events: requests to every worker, replies to one client, news to all. */
export async function declareSharedExchanges(connection: ChannelModel, names: ClusterNames): Promise<void> {
  await Promise.all([
    declareExchange(connection, names.control, 'fanout', { durable: false }),
    declareExchange(connection, NODE_CONTROL_EXCHANGE, 'fanout', { durable: false }),
    declareExchange(connection, names.controlReply, 'direct', { durable: false }),
    declareExchange(connection, names.events, 'topic', { durable: true }),
  ]);
}

/**
 * The delay queues, and a task queue's way out of them. All of it is looked at each time, since a program that
 * ended halfway, ours or Celery's, may have left a part.
 */
export async function declareDelayed(
  connection: ChannelModel,
  queue: string,
  { delayType }: QueueDefaults = CELERY_QUEUES,
): Promise<void> {
  await bindDelayedQueue(connection, queue);
  await declareDelayLevels(connection, delayType);
}

/** From the last level up: nothing can enter before there is a way out. */
async function declareDelayLevels(connection: ChannelModel, type: QueueDefaults['delayType']): Promise<void> {
  for (let level = 0; level < DELAY_LEVELS; level += 1) await declareDelayLevel(connection, level, type);
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
  await bindDelayedQueue(connection, binding.name);
  if (binding.exchangeType === 'direct') return;
  await bindDelayedExchange(connection, binding);
  const isQuorum = queueArgumentsOf(binding, defaults)['x-queue-type'] === 'quorum';
  if (isQuorum) await declareDelayLevels(connection, defaults.delayType);
}

/** Nothing for a queue whose name is too long for the delay queues. */
async function bindDelayedQueue(connection: ChannelModel, queue: string): Promise<void> {
  if (!isDelayable(queue)) return;
  await declareExchange(connection, DELAYED_DELIVERY_EXCHANGE, 'topic', { durable: true });
  await onChannel(connection, (channel) =>
    channel.bindQueue(queue, DELAYED_DELIVERY_EXCHANGE, delayedBindingKey(queue)),
  );
}

/** As kombu does (kombu/transport/native_delayed_delivery.py `bind_queue_to_native_delayed_delivery_exchange`). */
async function bindDelayedExchange(
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

/** One level, as kombu declares it (kombu/transport/native_delayed_delivery.py). */
async function declareDelayLevel(
  connection: ChannelModel,
  level: number,
  type: QueueDefaults['delayType'],
): Promise<void> {
  const name = delayLevelName(level);
  const next = level === 0 ? DELAYED_DELIVERY_EXCHANGE : delayLevelName(level - 1);
  const above = '*.'.repeat(DELAY_LEVELS - 1 - level);
  await declareExchange(connection, name, 'topic', { durable: true });
  if (!(await exists(connection, (channel) => channel.checkQueue(name)))) {
    await onChannel(connection, (channel) => channel.assertQueue(name, delayQueueOptions(level, next, type)));
  }
  await onChannel(connection, async (channel) => {
    await channel.bindQueue(name, name, `${above}1.#`);
    await channel.bindExchange(next, name, `${above}0.#`);
  });
}

/** A worker's control mailbox. Exclusive: 405 while another connection, or our last one, still has it. */
export async function declareMailbox(
  channel: Channel,
  nodename: string,
  names: ClusterNames,
): Promise<string> {
  const queue = mailboxName(nodename, names);
  await channel.assertQueue(queue, CONTROL_QUEUE);
  await channel.bindQueue(queue, names.control, '');
  await channel.bindQueue(queue, NODE_CONTROL_EXCHANGE, '');
  return queue;
}

/** Name of a worker's control mailbox. */
export function mailboxName(nodename: string, { control }: ClusterNames): string {
  return `${nodename}.${control}`;
}

/** A client's queue for the replies to its control requests. */
export async function declareControlReplyQueue(
  channel: Channel,
  oid: string,
  { controlReply }: ClusterNames,
): Promise<string> {
  const queue = `${oid}.${controlReply}`;
  await channel.assertQueue(queue, CONTROL_QUEUE);
  await channel.bindQueue(queue, controlReply, oid);
  return queue;
}

/** A queue for the events whose type matches: `#` for all, `worker.#` for those of workers. */
export async function declareEventQueue(
  channel: Channel,
  id: string,
  pattern: string,
  { events, eventQueuePrefix }: ClusterNames,
): Promise<string> {
  const queue = `${eventQueuePrefix}.${id}`;
  await channel.assertQueue(queue, EVENT_QUEUE);
  await channel.bindQueue(queue, events, pattern);
  return queue;
}

/** Removes what waits in a queue. @returns how many messages that were; null where there is no such queue. */
export async function purgeQueue(connection: ChannelModel, queue: string): Promise<number | null> {
  if (!(await exists(connection, (channel) => channel.checkQueue(queue)))) return null;
  let count = 0;
  await onChannel(connection, async (channel) => {
    ({ messageCount: count } = await channel.purgeQueue(queue));
  });
  return count;
}

/**
 * A client's queue for results, reached through the default exchange (Celery's rpc:// backend).
 *
 * Unlike Celery's it is not auto-delete: it would go with the connection, and with it every result that is
 * sent while the client reconnects. Only its client declares it, so nobody else's declaration can differ.
 */
export async function declareReplyQueue(channel: Channel, oid: string): Promise<string> {
  await channel.assertQueue(oid, { durable: true, expires: REPLY_QUEUE_EXPIRES_MS });
  return oid;
}

/** Deletes a client's reply queue, with the results nobody waits for any more. */
export async function deleteReplyQueue(connection: ChannelModel, oid: string): Promise<void> {
  await onChannel(connection, (channel) => channel.deleteQueue(oid));
}

/** With what a queue is declared that does not exist yet: its own arguments come before the defaults. */
export function queueArgumentsOf(
  { queueArguments = {}, alias }: QueueBinding,
  { type, maxPriority }: Omit<QueueDefaults, 'delayType'>,
): QueueArguments {
  // A quorum queue cannot be gone with its consumer.
  if (alias !== undefined) return queueArguments;
  const isQuorum = (queueArguments['x-queue-type'] ?? type) === 'quorum';
  const classic = maxPriority === undefined ? {} : { 'x-max-priority': maxPriority };
  return { ...(isQuorum ? { 'x-queue-type': 'quorum' } : classic), ...queueArguments };
}

function queueOptions(binding: QueueBinding, defaults: QueueDefaults): Options.AssertQueue {
  const autoDelete = binding.alias !== undefined;
  return { durable: true, ...(autoDelete && { autoDelete }), arguments: queueArgumentsOf(binding, defaults) };
}

function delayQueueOptions(
  level: number,
  next: string,
  type: QueueDefaults['delayType'],
): Options.AssertQueue {
  return {
    durable: true,
    arguments: {
      'x-queue-type': type,
      'x-overflow': 'reject-publish',
      'x-message-ttl': 2 ** level * 1000,
      'x-dead-letter-exchange': next,
      // Without it a quorum queue may lose what it passes on when a node fails.
      ...(type === 'quorum' && { 'x-dead-letter-strategy': 'at-least-once' }),
    },
  };
}

async function declareExchange(
  connection: ChannelModel,
  exchange: string,
  type: ExchangeType,
  options: { readonly durable: boolean },
): Promise<void> {
  if (await exists(connection, (channel) => channel.checkExchange(exchange))) return;
  await onChannel(connection, (channel) => channel.assertExchange(exchange, type, options));
}

async function exists(
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
async function onChannel(
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
