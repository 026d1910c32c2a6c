/** Clients that want to be told when a task ends: they ask by the command `watch`, and not only the sender may. */

/** Beyond that many tasks the oldest watch is dropped: its client asks the result backend itself. */
const MAX_TASKS = 10_000;
const MAX_WATCHERS = 16;

export interface Watches {
  /** @param replyTo the reply queue of the client. */
  add(taskId: string, replyTo: string): void;
  /** The reply queues of those who watch a task that has ended; they are forgotten. */
  take(taskId: string): readonly string[];
}

export function createWatches(): Watches {
  const watchers = new Map<string, readonly string[]>();
  return {
    add(taskId, replyTo) {
      const others = (watchers.get(taskId) ?? []).filter((queue) => queue !== replyTo);
      watchers.delete(taskId);
      watchers.set(taskId, [...others, replyTo].slice(-MAX_WATCHERS));
      const [oldest] = watchers.keys();
      if (watchers.size > MAX_TASKS && oldest !== undefined) watchers.delete(oldest);
    },
    take(taskId) {
      const queues = watchers.get(taskId) ?? [];
      watchers.delete(taskId);
      return queues;
    },
  };
}
