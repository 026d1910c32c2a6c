/** Reading what is stored of tasks in Redis. */
import type { ResultMeta } from '../protocol/result.ts';
import type { ResultContent } from '../protocol/result-content.ts';
import { readStoredResult } from '../protocol/stored-result.ts';
import type { ResultStore } from './backend.ts';
import { type RedisClient, reachingRedis } from './redis-client.ts';
import { ValueRoom } from './value-room.ts';

/** Keys in one MGET. */
const KEYS_AT_ONCE = 500;

type ResultReader = Pick<ResultStore, 'fetchResult' | 'fetchResults' | 'fetchStates' | 'fetchInline'>;

export function openRedisResults(
  client: RedisClient,
  taskKey: (taskId: string) => string,
  content: ResultContent,
): ResultReader {
  const get = (taskId: string) => reachingRedis(() => client.getBuffer(taskKey(taskId)));

  function read(taskId: string, value: Buffer): ResultMeta {
    return readStoredResult(value, content, `the stored result of task ${taskId}`);
  }

  return {
    async fetchResult(taskId) {
      const value = await get(taskId);
      return value && read(taskId, value);
    },
    async fetchResults(taskIds) {
      const metas = new Map<string, ResultMeta>();
      for (let first = 0; first < taskIds.length; first += KEYS_AT_ONCE) {
        const ids = taskIds.slice(first, first + KEYS_AT_ONCE);
        const values = await reachingRedis(() => client.mgetBuffer(ids.map(taskKey)));
        values.forEach((value, index) => {
          const taskId = ids[index] ?? '';
          if (value) metas.set(taskId, read(taskId, value));
        });
      }
      return metas;
    },
    // A value is stored with its state, whole: one at a time is in memory. Chords of many tasks are counted by Redis.
    async fetchStates(taskIds) {
      const states = new Map<string, string>();
      for (const taskId of taskIds) {
        const value = await get(taskId);
        if (value) states.set(taskId, read(taskId, value).state);
      }
      return states;
    },
    async fetchInline(taskIds, limit) {
      const metas = new Map<string, ResultMeta>();
      const room = new ValueRoom(limit);
      for (const taskId of taskIds) {
        const value = await get(taskId);
        if (value === null) continue;
        room.take(value.length);
        metas.set(taskId, read(taskId, value));
      }
      return metas;
    },
  };
}
