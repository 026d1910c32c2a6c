/** Results in Redis, in the keys and form of Celery's `redis://` backend (celery/backends/{base,redis}.py). */
import { isUtf8 } from 'node:buffer';
import { ProtocolError } from '../errors.ts';
import { isFields } from '../protocol/fields.ts';
import { parseJson } from '../protocol/json.ts';
import { assertResultSize, decodeResult, encodeResult, type ResultMeta } from '../protocol/result.ts';
import type { ExpiringOptions, ResultStore } from './backend.ts';
import { openRedisChords } from './redis-chords.ts';
import { connectRedis, defineScript, reachingRedis } from './redis-client.ts';
import { GROUP_KEY, STORE_RESULT, TASK_KEY } from './redis-keys.ts';
import { openRedisWatches } from './redis-watches.ts';

/** Keys in one MGET. */
const KEYS_AT_ONCE = 500;

/**
 * Opens the backend. The first terminal state of a task stays, whichever writer of ours it comes from; every stored
 * state is also published on the channel of its key, as Celery's clients expect it. Redis itself removes what expires.
 *
 * @throws MissingDependency without ioredis, ImproperlyConfigured, OperationalError if Redis cannot be reached.
 */
export async function openRedisBackend(url: string, { expires }: ExpiringOptions): Promise<ResultStore> {
  const { client, keyPrefix } = await connectRedis(url);
  const seconds = Math.ceil(expires);
  const storeResult = defineScript(client, 'omegaStoreResult', 1, STORE_RESULT);
  const taskKey = (taskId: string) => `${keyPrefix}${TASK_KEY}${taskId}`;
  const groupKey = (groupId: string) => `${keyPrefix}${GROUP_KEY}${groupId}`;
  const watches = openRedisWatches(client, taskKey);
  const storing = new Set<Promise<unknown>>();

  return {
    async store(result) {
      assertResultSize(result);
      const stored = storeResult(taskKey(result.taskId), encodeResult(result), seconds);
      storing.add(stored);
      await stored.finally(() => storing.delete(stored));
    },
    async fetchResult(taskId) {
      const value = await reachingRedis(() => client.getBuffer(taskKey(taskId)));
      return value && decodeValue(taskId, value);
    },
    async fetchResults(taskIds) {
      const metas = new Map<string, ResultMeta>();
      for (let first = 0; first < taskIds.length; first += KEYS_AT_ONCE) {
        const ids = taskIds.slice(first, first + KEYS_AT_ONCE);
        const values = await reachingRedis(() => client.mgetBuffer(ids.map(taskKey)));
        values.forEach((value, index) => {
          const taskId = ids[index] ?? '';
          if (value) metas.set(taskId, decodeValue(taskId, value));
        });
      }
      return metas;
    },
    forgetResult: async (taskId) => void (await reachingRedis(() => client.del(taskKey(taskId)))),
    async saveGroup(groupId, taskIds) {
      const key = groupKey(groupId);
      const members = taskIds.map((id) => `[[${JSON.stringify(id)}, null], null]`).join(', ');
      const value = `{"result": [[${JSON.stringify(groupId)}, null], [${members}]]}`;
      const multi = seconds > 0 ? client.multi().setex(key, seconds, value) : client.multi().set(key, value);
      await reachingRedis(() => multi.publish(key, value).exec());
    },
    async fetchGroup(groupId) {
      const value = await reachingRedis(() => client.getBuffer(groupKey(groupId)));
      return value && decodeGroup(groupId, value);
    },
    cleanup: async () => undefined,
    watch: watches.add,
    chords: openRedisChords(client, groupKey, taskKey, seconds),
    async close() {
      await Promise.allSettled(storing);
      await watches.close();
      client.disconnect();
    },
  };
}

/** @throws ProtocolError for what another serializer, or a compression, has written. */
function decodeValue(taskId: string, value: Buffer): ResultMeta {
  if (!isUtf8(value) || value[0] !== 0x7b) {
    throw new ProtocolError(
      `the result of task ${taskId} is not stored as JSON: set result_serializer='json' where it was written`,
    );
  }
  return decodeResult(value, `the stored result of task ${taskId}`);
}

function decodeGroup(groupId: string, value: Buffer): readonly string[] {
  const meta = parseJson(value.toString('utf8'));
  const members: unknown = isFields(meta) && Array.isArray(meta.result) ? meta.result[1] : null;
  const ids = Array.isArray(members) ? members.map(memberId) : [undefined];
  if (ids.every((id) => id !== undefined)) return ids;
  throw new ProtocolError(
    `group ${groupId} is not stored as Celery's result tuple: set result_serializer='json' where it was saved`,
  );
}

/** The id in `[[id, parent], children]`. */
function memberId(tuple: unknown): string | undefined {
  const [head]: unknown[] = Array.isArray(tuple) ? tuple : [];
  const [id]: unknown[] = Array.isArray(head) ? head : [];
  return typeof id === 'string' ? id : undefined;
}
