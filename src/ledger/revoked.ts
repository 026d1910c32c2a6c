/** What was revoked, kept for as long as its messages may still come: through restarts of every worker. */
import type { Collection } from '../mongo/bson.ts';
import type { Mongo } from '../mongo/client.ts';

/** A task, or every task that is stamped so. */
export type Revocation =
  | { readonly kind: 'task'; readonly taskId: string }
  | { readonly kind: 'stamp'; readonly name: string; readonly value: string };

export interface Revocations {
  /** Resolves when it is durable. Every worker may note the same. */
  add(revocations: readonly Revocation[]): Promise<void>;
  /** The latest, the oldest of them first. */
  recent(most: number): Promise<readonly Revocation[]>;
}

interface Entry {
  _id: string;
  /** For a stamp: its name and value; for a task: its id. */
  revoked: readonly [taskId: string] | readonly [name: string, value: string];
  updated: Date;
}

const SEVEN_DAYS = 7 * 24 * 3600;
const BATCH = 1_000;

export async function openRevocations(mongo: Mongo): Promise<Revocations> {
  const entries: Collection<Entry> = mongo.db.collection<Entry>('omega_revoked');
  await entries.createIndex({ updated: 1 }, { expireAfterSeconds: SEVEN_DAYS });

  async function write(revocations: readonly Revocation[]): Promise<void> {
    const updates = revocations.map((revocation) => ({
      updateOne: {
        filter: { _id: JSON.stringify(keyOf(revocation)) },
        update: { $set: { revoked: keyOf(revocation) }, $currentDate: { updated: true } } as const,
        upsert: true,
      },
    }));
    await entries.bulkWrite(updates, { ordered: false, writeConcern: { w: 'majority', j: true } });
  }

  return {
    async add(revocations) {
      for (let at = 0; at < revocations.length; at += BATCH) await write(revocations.slice(at, at + BATCH));
    },
    async recent(most) {
      const latest = await entries.find().sort({ updated: -1 }).limit(most).toArray();
      return latest.reverse().map(({ revoked }) => revocationOf(revoked));
    },
  };
}

function keyOf(revocation: Revocation): Entry['revoked'] {
  return revocation.kind === 'task' ? [revocation.taskId] : [revocation.name, revocation.value];
}

function revocationOf([first, value]: Entry['revoked']): Revocation {
  return value === undefined ? { kind: 'task', taskId: first } : { kind: 'stamp', name: first, value };
}
