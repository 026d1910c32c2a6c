/** What a MongoDB is, and lets us do: for whoever looks for what is wrong. */
import { randomUUID } from 'node:crypto';
import { connectMongo, type Mongo } from './client.ts';

export interface MongoExamination {
  readonly database: string;
  readonly version: string;
  /** Null for a server that is no member of one. */
  readonly replicaSet: ReplicaSet | null;
  /** How far the server's clock is ahead of ours, in seconds; known to half of the round trip. */
  readonly clockAhead: number;
  /** Why a collection of ours was refused; null when none was. */
  readonly refusal: string | null;
}

interface ReplicaSet {
  readonly name: string;
  readonly members: number;
  /** Milliseconds after which a primary that is gone is replaced; null where the login may not ask. */
  readonly electionTimeout: number | null;
}

/**
 * Connects, and writes, indexes, reads and drops a collection of its own.
 *
 * @throws OperationalError without a connection; ImproperlyConfigured
 */
export async function examineMongo(url: string): Promise<MongoExamination> {
  const mongo = await connectMongo(url, { appName: 'omega doctor', maxPoolSize: 1 });
  try {
    const { version } = await mongo.db.command({ buildInfo: 1 });
    return {
      database: mongo.db.databaseName,
      version: String(version),
      replicaSet: await readReplicaSet(mongo),
      clockAhead: await compareClocks(mongo),
      refusal: await tryOut(mongo),
    };
  } finally {
    await mongo.close();
  }
}

async function readReplicaSet(mongo: Mongo): Promise<ReplicaSet | null> {
  const { setName, hosts = [] } = await mongo.db.command({ hello: 1 });
  if (setName === undefined) return null;
  const answer = await mongo.client
    .db('admin')
    .command({ replSetGetConfig: 1 })
    .catch(() => null);
  const { electionTimeoutMillis = null } = answer?.config?.settings ?? {};
  return { name: String(setName), members: hosts.length, electionTimeout: electionTimeoutMillis };
}

async function compareClocks(mongo: Mongo): Promise<number> {
  const before = Date.now();
  const { localTime } = await mongo.db.command({ hello: 1 });
  const middle = (before + Date.now()) / 2;
  return (localTime.getTime() - middle) / 1000;
}

async function tryOut({ db }: Mongo): Promise<string | null> {
  const collection = db.collection(`omega_doctor_${randomUUID()}`);
  try {
    await collection.insertOne({ written: new Date() });
    await collection.createIndex({ written: 1 });
    await collection.findOne();
    await collection.drop();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
