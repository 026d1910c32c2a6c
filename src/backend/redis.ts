/** Results in Redis, in the keys and form of Celery's `redis://` backend (celery/backends/{base,redis}.py). */
import type { JsonText } from '../contract/job.ts';
import { ProtocolError } from '../errors.ts';
import { isFields } from '../protocol/fields.ts';
import { parseJson } from '../protocol/json.ts';
import { assertResultSize } from '../protocol/result.ts';
import {
  ANY_RESULTS,
  type ResultContent,
  readStored,
  type Stored,
  writeStored,
} from '../protocol/result-content.ts';
import { isReady } from '../protocol/states.ts';
import { readStoredResult, writeStoredResult } from '../protocol/stored-result.ts';
import { contentOf, type ResultOptions, type ResultStore } from './backend.ts';
import { openRedisChords } from './redis-chords.ts';
import { connectRedis, defineScript, type RedisClient, reachingRedis } from './redis-client.ts';
import { GROUP_KEY, STORE_RESULT, TASK_KEY } from './redis-keys.ts';
import { openRedisResults } from './redis-results.ts';
import { openRedisWatches } from './redis-watches.ts';

/**
 * Opens the backend. The first terminal state of a task stays, whichever writer of ours it comes from; every stored
 * state is also published on the channel of its key, as Celery's clients expect it. Redis itself removes what expires.
 *
 * @throws MissingDependency without ioredis, ImproperlyConfigured, OperationalError if Redis cannot be reached.
 */
export async function openRedisBackend(url: string, options: ResultOptions): Promise<ResultStore> {
  const { client, keyPrefix } = await connectRedis(url);
  const content = contentOf(options);
  const seconds = Math.ceil(options.expires);
  const storeResult = resultWriter(client, seconds);
  const taskKey = (taskId: string) => `${keyPrefix}${TASK_KEY}${taskId}`;
  const groupKey = (groupId: string) => `${keyPrefix}${GROUP_KEY}${groupId}`;
  const watches = openRedisWatches(client, taskKey, content);
  const storing = new Set<Promise<unknown>>();

  return {
    async store(result) {
      assertResultSize(result);
      const stored = storeResult(taskKey(result.taskId), writeStoredResult(result, content));
      storing.add(stored);
      await stored.finally(() => storing.delete(stored));
    },
    ...openRedisResults(client, taskKey, content),
    forgetResult: async (taskId) => void (await reachingRedis(() => client.del(taskKey(taskId)))),
    async saveGroup(groupId, taskIds) {
      const key = groupKey(groupId);
      const members = taskIds.map((id) => `[[${JSON.stringify(id)}, null], null]`).join(', ');
      const text = `{"result": [[${JSON.stringify(groupId)}, null], [${members}]]}` as JsonText;
      const value = writeStored(text, content);
      const multi = seconds > 0 ? client.multi().setex(key, seconds, value) : client.multi().set(key, value);
      await reachingRedis(() => multi.publish(key, value).exec());
    },
    async fetchGroup(groupId) {
      const value = await reachingRedis(() => client.getBuffer(groupKey(groupId)));
      return value && decodeGroup(groupId, value, content);
    },
    cleanup: async () => undefined,
    watch: watches.add,
    chords: openRedisChords(client, { groupKey, taskKey, expires: seconds, content }),
    async close() {
      await Promise.allSettled(storing);
      await watches.close();
      client.disconnect();
    },
  };
}

/** The script reads the state of what is there if it is JSON; of anything else it is told whether it may be replaced. */
function resultWriter(client: RedisClient, seconds: number): (key: string, value: Stored) => Promise<void> {
  const storeResult = defineScript(client, 'omegaStoreResult', 1, STORE_RESULT);
  return async (key, value) => {
    let replaced: Buffer | '' = '';
    for (;;) {
      const there = await storeResult(key, value, seconds, replaced);
      if (!Buffer.isBuffer(there) || hasEnded(there)) return;
      replaced = there;
    }
  };
}

/** Whoever wrote it, in whatever serializer. What cannot be read has no end that could be kept. */
function hasEnded(there: Buffer): boolean {
  try {
    return isReady(readStoredResult(there, ANY_RESULTS).state);
  } catch {
    return false;
  }
}

function decodeGroup(groupId: string, value: Buffer, content: ResultContent): readonly string[] {
  const meta = parseJson(readStored(value, { content, where: `group ${groupId}` }));
  const members: unknown = isFields(meta) && Array.isArray(meta.result) ? meta.result[1] : null;
  const ids = Array.isArray(members) ? members.map(memberId) : [undefined];
  if (ids.every((id) => id !== undefined)) return ids;
  throw new ProtocolError(
    `group ${groupId} is not stored as Celery's result tuple: it was not saved by GroupResult.save`,
  );
}

/** The id in `[[id, parent], children]`. */
function memberId(tuple: unknown): string | undefined {
  const [head]: unknown[] = Array.isArray(tuple) ? tuple : [];
  const [id]: unknown[] = Array.isArray(head) ? head : [];
  return typeof id === 'string' ? id : undefined;
}
