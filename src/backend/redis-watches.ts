/** Hears of results as they are stored: every key has a channel of its name (celery/backends/redis.py `ResultConsumer`). */
import type { ResultMeta } from '../protocol/result.ts';
import type { ResultContent } from '../protocol/result-content.ts';
import { readStoredResult } from '../protocol/stored-result.ts';
import { type RedisClient, reachingRedis } from './redis-client.ts';

type Listener = (result: ResultMeta) => void;

export interface RedisWatches {
  /** Resolves when nothing can be missed any more, with what ends it. */
  add(taskId: string, listener: Listener): Promise<() => void>;
  close(): Promise<void>;
}

/** Opens a second connection with the first watch: one that subscribes can do nothing else. */
export function openRedisWatches(
  client: RedisClient,
  channelOf: (taskId: string) => string,
  content: ResultContent,
): RedisWatches {
  const listeners = new Map<string, Set<Listener>>();
  let subscriber: RedisClient | undefined;

  function open(): RedisClient {
    const opened = client.duplicate({ commandTimeout: undefined });
    opened.on('error', () => undefined);
    opened.on('messageBuffer', (channel: Buffer, value: Buffer) => {
      const result = decodeQuietly(value, content);
      if (result) for (const listener of [...(listeners.get(channel.toString()) ?? [])]) listener(result);
    });
    return opened;
  }

  function remove(channel: string, listener: Listener): void {
    const those = listeners.get(channel);
    those?.delete(listener);
    if (those?.size !== 0) return;
    listeners.delete(channel);
    subscriber?.unsubscribe(channel).catch(() => undefined);
  }

  return {
    async add(taskId, listener) {
      const channel = channelOf(taskId);
      subscriber ??= open();
      const connection = subscriber;
      listeners.set(channel, (listeners.get(channel) ?? new Set()).add(listener));
      try {
        await reachingRedis(() => connection.subscribe(channel));
      } catch (error) {
        remove(channel, listener);
        throw error;
      }
      return () => remove(channel, listener);
    },
    async close() {
      listeners.clear();
      subscriber?.disconnect();
    },
  };
}

/** What cannot be read is left to the one who reads the key. */
function decodeQuietly(value: Buffer, content: ResultContent): ResultMeta | null {
  try {
    return readStoredResult(value, content);
  } catch {
    return null;
  }
}
