/** What a worker that starts learns from those that run: revoked tasks, and the clock (celery/worker/consumer/mingle.py). */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterNames } from '../contract/cluster.ts';
import type { LogPort } from '../contract/logger.ts';
import type { Publisher, Reply } from '../contract/transport.ts';
import { Unroutable } from '../errors.ts';
import { type ControlReply, decodeControlReply, encodeControlRequest } from '../protocol/control.ts';
import { isFields } from '../protocol/fields.ts';
import type { Clock } from './clock.ts';

export interface MingleOptions {
  readonly hostname: string;
  readonly clock: Clock;
  /** The ids that this worker knows as revoked. */
  readonly revoked: readonly string[];
  readonly publisher: Publisher;
  readonly names: ClusterNames;
  /** Opens a queue for replies; returns what closes it. */
  openReplies(oid: string, onReply: (reply: Reply) => void): Promise<() => Promise<void>>;
  readonly logger: LogPort;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

const WAIT_MS = 1_000;

/**
 * Says hello to the other workers and waits a second for what they answer; not at all when there are none, as
 * the broker tells while this worker has no mailbox yet. Adjusts the clock. Never rejects: a worker also works
 * without the others' news.
 *
 * @returns the ids that the others know as revoked.
 */
export async function mingle(options: MingleOptions): Promise<string[]> {
  const { clock, hostname, logger } = options;
  const nodes: string[] = [];
  const revoked = new Set<string>();
  function onReply(reply: Reply): void {
    const { hostname: node, value }: ControlReply = decodeControlReply(reply);
    if (node === hostname || !isFields(value)) return;
    nodes.push(node);
    clock.adjust(value.clock);
    for (const id of Array.isArray(value.revoked) ? value.revoked : []) {
      if (typeof id === 'string') revoked.add(id);
    }
  }
  try {
    await ask(options, onReply);
    if (nodes.length > 0) logger.info({ nodes, revoked: revoked.size }, 'learnt from the other workers');
  } catch (err) {
    if (!(err instanceof Unroutable)) logger.warn({ err }, 'the other workers could not be asked');
  }
  return [...revoked];
}

/** @throws Unroutable when there is no other worker; OperationalError */
async function ask(options: MingleOptions, onReply: (reply: Reply) => void): Promise<void> {
  const { hostname, revoked, clock, publisher, names, signal } = options;
  const oid = randomUUID();
  const close = await options.openReplies(oid, onReply);
  try {
    const request = {
      method: 'hello',
      arguments: { from_node: hostname, revoked },
      replyTo: { exchange: names.controlReply, routingKey: oid, ticket: randomUUID() },
      clock: clock.forward(),
    };
    const hello = encodeControlRequest(request, names.control);
    await publisher.publish({ ...hello, unroutable: 'error' });
    await sleep(WAIT_MS, undefined, { signal }).catch(() => undefined);
  } finally {
    await close();
  }
}
