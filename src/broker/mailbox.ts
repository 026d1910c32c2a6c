/** A worker's control mailbox (kombu/pidbox.py): what a client asks of workers arrives here. */
import type { ClusterNames } from '../contract/cluster.ts';
import type { MessageProperties, Reply } from '../contract/transport.ts';
import { toProperties, toReply } from './delivery.ts';
import { PrivateQueue } from './private-queue.ts';
import type { Session } from './session.ts';
import {
  checkQueueName,
  declareControlReplyQueue,
  declareMailbox,
  declareSharedExchanges,
  mailboxName,
} from './topology.ts';

/** A control request as it arrived. */
export interface MailboxRequest {
  readonly body: Buffer;
  readonly properties: MessageProperties;
}

/**
 * An open mailbox. It is exclusive to its connection: while another worker of the same nodename has it, or
 * the broker has not yet noticed the end of our last connection, opening it is tried again (405).
 */
export interface Mailbox {
  /** True while requests can arrive. */
  readonly isOpen: boolean;
  close(): Promise<void>;
}

/** @throws InvalidName if the nodename makes no valid queue name. */
export function openMailbox(
  session: Session,
  { nodename, names }: { readonly nodename: string; readonly names: ClusterNames },
  onRequest: (request: MailboxRequest) => void | Promise<void>,
): Mailbox {
  checkQueueName(mailboxName(nodename, names));
  return new PrivateQueue(session, {
    name: 'control mailbox',
    declare: async (channel, connection) => {
      await declareSharedExchanges(connection, names);
      return await declareMailbox(channel, nodename, names);
    },
    onMessage: (message) => onRequest({ body: message.content, properties: toProperties(message) }),
  });
}

/** A worker's queue for the replies to what it asks of others. @returns what closes it. @throws OperationalError */
export async function openControlReplies(
  session: Session,
  { oid, names }: { readonly oid: string; readonly names: ClusterNames },
  onReply: (reply: Reply) => void,
): Promise<() => Promise<void>> {
  const queue = new PrivateQueue(session, {
    name: 'control reply queue',
    declare: async (channel, connection) => {
      await declareSharedExchanges(connection, names);
      return await declareControlReplyQueue(channel, oid, names);
    },
    onMessage: (message) => onReply(toReply(message)),
  });
  return await openedOrClosed(queue);
}

/** Waits until a queue is open. @returns what closes it. @throws OperationalError */
export async function openedOrClosed(queue: PrivateQueue): Promise<() => Promise<void>> {
  try {
    await queue.opened();
  } catch (error) {
    await queue.close();
    throw error;
  }
  return () => queue.close();
}
