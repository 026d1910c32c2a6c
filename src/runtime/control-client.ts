/** Remote control of the workers (Celery's `app.control`): broadcasts a command and collects the replies. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply, Transport } from '../contract/transport.ts';
import {
  CONTROL_REPLY_EXCHANGE,
  type ControlReply,
  decodeControlReply,
  encodeControlRequest,
} from '../protocol/control.ts';
import { openOnce } from './open-once.ts';

export interface BroadcastOptions {
  /** Nodenames that should act. Default: all. */
  readonly destination?: readonly string[];
  /** Milliseconds to wait for replies. Default 1000. */
  readonly timeout?: number;
  /** Stop waiting after this many replies. Default: wait for the whole time. */
  readonly limit?: number;
}

/** Replies by nodename. */
export type ControlReplies = Readonly<Record<string, unknown>>;

export interface ControlClient {
  /** Sends a command and collects what the workers answer. */
  broadcast(
    command: string,
    args?: Readonly<Record<string, unknown>>,
    options?: BroadcastOptions,
  ): Promise<ControlReplies>;
  /** Tells all workers not to run a task or several, or with `terminate` to end them. Waits for no reply. */
  revoke(taskId: string | readonly string[], terminate: boolean): Promise<void>;
}

export function createControlClient(transport: Transport): ControlClient {
  /** Who waits for replies, by ticket. */
  const waiting = new Map<string, (reply: ControlReply) => void>();
  const onReply = (reply: Reply) => {
    const answer = decodeControlReply(reply);
    if (answer.ticket !== null) waiting.get(answer.ticket)?.(answer);
  };
  const listen = openOnce(() => transport.onControlReply(onReply));

  async function request(
    method: string,
    args: Readonly<Record<string, unknown>>,
    destination: readonly string[] | null,
    ticket: string | null,
  ): Promise<void> {
    await listen();
    const replyTo = ticket && { exchange: CONTROL_REPLY_EXCHANGE, routingKey: transport.oid, ticket };
    await transport.publish(
      encodeControlRequest({
        method,
        arguments: args,
        destination,
        pattern: null,
        matcher: null,
        replyTo: replyTo || null,
        clock: 0,
        expires: 0,
      }),
    );
  }

  return {
    async broadcast(command, args = {}, { destination, timeout = 1_000, limit } = {}) {
      const ticket = randomUUID();
      const replies: Record<string, unknown> = {};
      const enough = new AbortController();
      waiting.set(ticket, ({ hostname, value }) => {
        replies[hostname] = value;
        if (Object.keys(replies).length >= (limit ?? destination?.length ?? Number.POSITIVE_INFINITY))
          enough.abort();
      });
      try {
        await request(command, args, destination ?? null, ticket);
        await sleep(timeout, undefined, { signal: enough.signal }).catch(() => undefined);
      } finally {
        waiting.delete(ticket);
      }
      return replies;
    },
    revoke: (taskId, terminate) =>
      request('revoke', { task_id: taskId, terminate, signal: null }, null, null),
  };
}
