/**
 * Clients that want to hear of tasks they have not sent: each state that is stored here is sent to them as well, as
 * a reply. What is lost on the way they find in the store.
 */
import type { Backends } from '../backend/backends.ts';
import { type ReplyOptions, replyOf } from '../backend/rpc.ts';
import type { Publisher } from '../contract/transport.ts';
import { isInline, type TaskResult } from '../protocol/result.ts';
import { isReady } from '../protocol/states.ts';

/** Bounds of what clients can make a worker remember: tasks, clients of each, and the bytes of a name. */
const MAX_TASKS = 10_000;
const MAX_CLIENTS = 16;
const MAX_NAME_BYTES = 255;
const ONE_HOUR_MS = 3_600_000;

export interface Watches {
  /** Notes that a client, by its reply queue, wants to hear of a task, for an hour from now on. */
  add(taskId: string, replyTo: string): void;
  /** The reply queues of a task's watchers. */
  of(taskId: string): Iterable<string>;
  /** Forgets a task: it has ended. */
  remove(taskId: string): void;
}

interface Watch {
  readonly clients: Set<string>;
  until: number;
}

export function createWatches(now: () => number = Date.now): Watches {
  /** The one that was asked for last at the end. */
  const watches = new Map<string, Watch>();
  return {
    add(taskId, replyTo) {
      if (![taskId, replyTo].every(isName)) return;
      const watch = watches.get(taskId) ?? { clients: new Set(), until: 0 };
      watch.until = now() + ONE_HOUR_MS;
      push(watch.clients, replyTo, MAX_CLIENTS);
      watches.delete(taskId);
      watches.set(taskId, watch);
      const [oldest] = watches.keys();
      if (watches.size > MAX_TASKS && oldest !== undefined) watches.delete(oldest);
    },
    of(taskId) {
      const watch = watches.get(taskId);
      return watch === undefined || watch.until < now() ? [] : watch.clients;
    },
    remove: (taskId) => void watches.delete(taskId),
  };
}

/** The backends, and what they store is sent to the watchers too. */
export function withWatches(
  backend: Backends,
  watches: Watches,
  publisher: Publisher,
  options: ReplyOptions = {},
): Backends {
  const send = (result: TaskResult, replyTo: string) => publisher.publish(replyOf(result, replyTo, options));
  return {
    ...backend,
    async store(result) {
      await backend.store(result);
      tell(watches, result, send);
    },
  };
}

/** Not waited for: it must not keep the delivery. A value that is too large for a reply is found in the store. */
function tell(
  watches: Watches,
  result: TaskResult,
  send: (result: TaskResult, replyTo: string) => Promise<void>,
): void {
  for (const replyTo of watches.of(result.taskId)) {
    if (replyTo === result.replyTo || !isInline(result)) continue;
    send({ ...result, correlationId: result.taskId }, replyTo).catch(() => undefined);
  }
  if (isReady(result.state)) watches.remove(result.taskId);
}

function push(set: Set<string>, item: string, limit: number): void {
  set.add(item);
  const [oldest] = set;
  if (set.size > limit && oldest !== undefined) set.delete(oldest);
}

function isName(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= MAX_NAME_BYTES;
}
