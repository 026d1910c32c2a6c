/**
 * Queues, exchanges and bindings, declared exactly as Celery 5.7 and kombu declare them. What exists
 * already is used as it is: another type or other arguments are the operator's choice, and declaring it
 * again would only close the channel (406).
 */
import type { Channel, ChannelModel, Options } from 'amqplib';
import type { ClusterNames } from '../contract/cluster.ts';
import {
  isDirectBinding,
  type QueueArguments,
  type QueueBinding,
  type TaskQueue,
} from '../contract/queue.ts';
import { InvalidName } from '../errors.ts';
import { NODE_CONTROL_EXCHANGE } from '../protocol/control.ts';
import { taskQueueOf } from '../protocol/parked.ts';
import { declareExchange, exists, onChannel } from './declare.ts';

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
    if (!isThere) await assertBoundQueue(channel, binding, defaults);
    await channel.bindQueue(name, exchange, routingKey, bindingArguments);
  });
}

/** Declares it with the arguments of the settings: refused (406) where there is one with others. */
export async function assertBoundQueue(
  channel: Channel,
  binding: QueueBinding,
  defaults: QueueDefaults = CELERY_QUEUES,
): Promise<void> {
  await channel.assertQueue(binding.name, queueOptions(binding, defaults));
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

/** The queue of copies whose task runs: what has been there for its time to live returns to the task queue. */
export async function declareParkedQueue(connection: ChannelModel, queue: string): Promise<void> {
  if (await exists(connection, (channel) => channel.checkQueue(queue))) return;
  const options = { durable: true, deadLetterExchange: '', deadLetterRoutingKey: taskQueueOf(queue) };
  await onChannel(connection, (channel) => channel.assertQueue(queue, options));
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
