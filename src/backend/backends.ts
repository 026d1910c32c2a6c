/** The result backends that a worker writes to, as one. */
import type { Publisher } from '../contract/transport.ts';
import { connectMongo, type Mongo } from '../mongo/client.ts';
import type { ResultBackend, ResultStore } from './backend.ts';
import { openMongoBackend } from './mongodb.ts';
import { createRpcBackend } from './rpc.ts';

/** All result backends of a worker. Reads null of every task if none of them stores. */
export type Backends = ResultStore;

/**
 * Opens the result backends of a setting:
 *
 * - `rpc://`: results are sent to the client's reply queue;
 * - `mongodb://host/db`: results are stored in that database;
 * - empty: stored at `mongo`, then sent. A message does not say which of the two its client reads.
 *
 * @throws OperationalError if MongoDB cannot be reached, ImproperlyConfigured if its URL is wrong.
 */
export async function openBackends(setting: string, mongo: Mongo, publisher: Publisher): Promise<Backends> {
  if (setting === 'rpc://') return combine(null, createRpcBackend(publisher));
  if (setting === '') return combine(await openMongoBackend(mongo), createRpcBackend(publisher));
  return await openAt(setting);
}

/** Stored, then sent: what a client hears of is durable. */
function combine(stored: ResultStore | null, sent: ResultBackend): Backends {
  return {
    async store(result) {
      await stored?.store(result);
      await sent.store(result);
    },
    fetchResult: async (taskId) => (await stored?.fetchResult(taskId)) ?? null,
    async close() {
      await Promise.all([stored?.close(), sent.close()]);
    },
  };
}

async function openAt(url: string): Promise<ResultStore> {
  const mongo = await connectMongo(url);
  try {
    const backend = await openMongoBackend(mongo);
    return { ...backend, close: () => backend.close().finally(() => mongo.close()) };
  } catch (error) {
    await mongo.close();
    throw error;
  }
}
