/** What a broker is, and lets us do: for whoever looks for what is wrong. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import { CELERY_CLUSTER } from '../contract/cluster.ts';
import type { QueueBinding } from '../contract/queue.ts';
import type { BrokerAddress } from './address.ts';
import { type BrokerOptions, createSession } from './broker.ts';
import { settlesWithin } from './deadline.ts';
import { exists, onChannel } from './declare.ts';
import { PRECONDITION_FAILED, replyCode } from './reply-code.ts';
import type { Session } from './session.ts';
import { closeQuietly } from './supervised-channel.ts';
import { assertBoundQueue, checkQueueName, declareSharedExchanges, type QueueDefaults } from './topology.ts';

export interface QueueState {
  readonly name: string;
  /** That wait for a consumer. */
  readonly ready: number;
  readonly consumers: number;
  /** What the broker says of an argument that it has and these settings have not, or another one; null where they agree. */
  readonly difference: string | null;
}

export interface BrokerExamination {
  readonly address: BrokerAddress;
  /** Of the server: `RabbitMQ 3.10.8`. */
  readonly product: string;
  readonly version: string;
  /** Whether it is short of memory or disk, and takes no publications. */
  readonly isBlocked: boolean;
  /** Why a queue, the shared exchanges or a message of ours were refused; null when none was. */
  readonly refusal: string | null;
  /** The task queues, null where there is none of this name. */
  readonly queues: ReadonlyMap<string, QueueState | null>;
}

/** An alarm is told after the first publication. */
const ALARM_WITHIN_MS = 500;
const CONFIRM_WITHIN_MS = 2_000;
const CLOSE_WITHIN_MS = 1_000;
/** The part of the broker's message that names the argument, and both of its values. */
const INEQUIVALENT = /inequivalent arg [^"]*/;

/**
 * Connects, declares an exclusive queue, sends itself a message, and looks at the task queues without taking anything.
 *
 * @throws OperationalError without a connection; InvalidName, ImproperlyConfigured
 */
export async function examineBroker(
  options: BrokerOptions,
  queues: readonly QueueBinding[],
): Promise<BrokerExamination> {
  for (const { name } of queues) checkQueueName(name);
  const session = createSession(options, 'doctor');
  try {
    await session.connect({ retry: false });
    const server = await readServer(session);
    const states = await lookAt(session, queues, options.queues);
    // Last: a broker that is short of resources answers nothing more on a connection that has published.
    const refusal = await tryOut(session, options);
    await sleep(ALARM_WITHIN_MS);
    const isBlocked = session.state === 'blocked';
    return { address: session.address, ...server, isBlocked, refusal, queues: states };
  } finally {
    await session.close();
  }
}

/** @returns what was refused. */
async function tryOut(session: Session, { names = CELERY_CLUSTER }: BrokerOptions): Promise<string | null> {
  try {
    await session.perform('declare and use a queue of its own', async (connection) => {
      await declareSharedExchanges(connection, names);
      await sendToOneself(connection);
    });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A broker that is short of resources confirms nothing: that is no refusal. */
async function sendToOneself(connection: ChannelModel): Promise<void> {
  const queue = `omega.doctor.${randomUUID()}`;
  const channel = await connection.createConfirmChannel();
  const failed = new Promise<never>((_, reject) => channel.once('error', reject));
  failed.catch(() => undefined);
  try {
    await Promise.race([failed, channel.assertQueue(queue, { exclusive: true, autoDelete: true })]);
    channel.sendToQueue(queue, Buffer.from('is anybody there?'));
    const isConfirmed = await Promise.race([
      failed,
      settlesWithin(channel.waitForConfirms(), CONFIRM_WITHIN_MS),
    ]);
    if (isConfirmed) await Promise.race([failed, channel.get(queue, { noAck: true })]);
  } finally {
    await settlesWithin(closeQuietly(channel), CLOSE_WITHIN_MS);
  }
}

async function readServer(session: Session): Promise<Pick<BrokerExamination, 'product' | 'version'>> {
  let properties: Readonly<Record<string, unknown>> = {};
  await session.perform('read what the server is', async ({ connection }) => {
    properties = { ...connection.serverProperties };
  });
  return { product: String(properties.product ?? 'unknown'), version: String(properties.version ?? '') };
}

async function lookAt(
  session: Session,
  queues: readonly QueueBinding[],
  defaults: QueueDefaults | undefined,
): Promise<ReadonlyMap<string, QueueState | null>> {
  const found = new Map<string, QueueState | null>();
  await session.perform('look at the task queues', async (connection) => {
    for (const queue of queues) found.set(queue.name, await lookAtOne(connection, queue, defaults));
  });
  return found;
}

async function lookAtOne(
  connection: ChannelModel,
  binding: QueueBinding,
  defaults: QueueDefaults | undefined,
): Promise<QueueState | null> {
  const { name } = binding;
  const counts: { ready: number; consumers: number }[] = [];
  await exists(connection, async (channel) => {
    const { messageCount: ready, consumerCount: consumers } = await channel.checkQueue(name);
    counts.push({ ready, consumers });
  });
  const [count] = counts;
  if (!count) return null;
  return { name, ...count, difference: await differenceOf(connection, binding, defaults) };
}

/** A queue that is there is declared again: nothing changes, and the broker compares the arguments. */
async function differenceOf(
  connection: ChannelModel,
  binding: QueueBinding,
  defaults: QueueDefaults | undefined,
): Promise<string | null> {
  try {
    await onChannel(connection, (channel) => assertBoundQueue(channel, binding, defaults));
    return null;
  } catch (error) {
    // Who may not declare it is told so elsewhere.
    if (!(error instanceof Error) || replyCode(error) !== PRECONDITION_FAILED) return null;
    return INEQUIVALENT.exec(error.message)?.[0] ?? error.message;
  }
}
