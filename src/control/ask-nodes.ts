/** Asking worker nodes from a worker node: over its own connections, with a queue for the replies that goes with the question. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterNames } from '../contract/cluster.ts';
import type { Publication, Publisher, Reply } from '../contract/transport.ts';
import {
  type ControlReply,
  type ControlRequest,
  decodeControlReply,
  encodeControlRequest,
} from '../protocol/control.ts';

/** How a worker node reaches the others, and itself. */
export interface NodeLine {
  readonly publisher: Publisher;
  readonly names: ClusterNames;
  /** Opens a queue for replies; returns what closes it. */
  openReplies(oid: string, onReply: (reply: Reply) => void): Promise<() => Promise<void>>;
}

/** A question, and what becomes of it where no node has a mailbox. */
export type Question = Pick<ControlRequest, 'method'> &
  Partial<ControlRequest> &
  Pick<Publication, 'unroutable'>;

interface AskOptions {
  readonly milliseconds: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  onReply(reply: ControlReply): void;
}

/**
 * Asks, and hands over what is answered until the time is over.
 *
 * @throws Unroutable when no node has a mailbox and the question says `error`; OperationalError
 */
export async function askNodes(
  { publisher, names, openReplies }: NodeLine,
  { unroutable, ...question }: Question,
  { milliseconds, signal, onReply }: AskOptions,
): Promise<void> {
  const oid = randomUUID();
  const close = await openReplies(oid, (reply) => onReply(decodeControlReply(reply)));
  try {
    const replyTo = { exchange: names.controlReply, routingKey: oid, ticket: randomUUID() };
    await publisher.publish({ ...encodeControlRequest({ ...question, replyTo }, names.control), unroutable });
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  } finally {
    await close();
  }
}
