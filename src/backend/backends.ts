/** The result backends that a worker writes to, as one. */
import type { Publisher } from '../contract/transport.ts';
import { connectMongo, type Mongo } from '../mongo/client.ts';
import { isInline } from '../protocol/result.ts';
import { NEVER, type ResultBackend, type ResultOptions, type ResultStore } from './backend.ts';
import { type LargeResults, openLargeResults } from './large-results.ts';
import { openMongoBackend } from './mongodb.ts';
import { openRedisBackend } from './redis.ts';
import { createRpcBackend } from './rpc.ts';

/** All result backends of a worker. Reads nothing of any task if none of them stores. */
export type Backends = ResultStore;

/**
 * Opens the result backends of a setting:
 *
 * - `rpc://`: results are sent to the client's reply queue;
 * - `mongodb://host/db`: results are stored in that database;
 * - `redis://host/db`: results are stored there, and published;
 * - empty: stored at `mongo`, then sent. A message does not say which of the two its client reads.
 *
 * @throws OperationalError if the service cannot be reached, ImproperlyConfigured if its URL is wrong,
 *   MissingDependency if it needs a package that is not installed.
 */
export async function openBackends(
  setting: string,
  mongo: Mongo,
  publisher: Publisher,
  options: ResultOptions = NEVER,
): Promise<Backends> {
  const large = openLargeResults(mongo);
  const sent = createRpcBackend(publisher, large, options);
  if (setting === 'rpc://') return unstored(sent);
  if (setting === '') return combine(await openMongoBackend(mongo, options), sent, large);
  return await openResultStore(setting, options);
}

/** Opens the store at a URL, with a connection of its own that its `close` closes. @throws as {@link openBackends} */
export async function openResultStore(url: string, options: ResultOptions): Promise<ResultStore> {
  if (!url.startsWith('mongodb')) return await openRedisBackend(url, options);
  const mongo = await connectMongo(url);
  try {
    const backend = await openMongoBackend(mongo, options);
    return { ...backend, close: () => backend.close().finally(() => mongo.close()) };
  } catch (error) {
    await mongo.close();
    throw error;
  }
}

/** Stored, then sent: what a client hears of is durable. A large value is put away once for both. */
function combine(stored: ResultStore, sent: ResultBackend, large: LargeResults): Backends {
  return {
    ...stored,
    async store(result) {
      const kept = isInline(result) ? result : await large.park(result);
      await stored.store(kept);
      await sent.store(kept);
    },
    async close() {
      await Promise.all([stored.close(), sent.close()]);
    },
  };
}

/** Nothing can be read of what is only sent. */
function unstored(sent: ResultBackend): Backends {
  return {
    ...sent,
    fetchResult: async () => null,
    fetchResults: async () => new Map(),
    fetchStates: async () => new Map(),
    fetchInline: async () => new Map(),
    forgetResult: async () => undefined,
    saveGroup: async () => undefined,
    fetchGroup: async () => null,
    cleanup: async () => undefined,
  };
}
