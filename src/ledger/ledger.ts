/**
 * The ledger: what must be remembered about a run across deliveries and workers. It is keyed by the
 * *run* (task id, retries and replaced nesting: a retry and a replaced task keep the id), and written
 * only when something happened to a run: a short task that simply succeeds leaves nothing here.
 */
import { randomUUID } from 'node:crypto';
import type { Collection } from '../mongo/bson.ts';
import type { Mongo } from '../mongo/client.ts';
import { literal } from '../mongo/regex.ts';

/** Identifies one run of a task. */
interface Run {
  readonly taskId: string;
  readonly retries: number;
  readonly replacedNesting: number;
}

export interface Ledger {
  /** Counts a death of the executor that had started this run; answers with the deaths so far. */
  recordCrash(run: Run): Promise<number>;
  /** Notes that a run has ended and is reported, although the broker does not know yet. */
  recordDone(run: Run): Promise<void>;
  /**
   * Holds a run, so that nobody else begins with it: claims it, or holds it for longer. By the server's clock.
   *
   * @param holder - a token that nobody else uses.
   * @returns whether it is held now by this holder, and what is known of it.
   */
  hold(run: Run, holder: string, seconds: number): Promise<HeldRun>;
  /** Lets go of a run that is not over, so that it may begin elsewhere at once. */
  release(run: Run, holder: string): Promise<void>;
  /** Forgets all runs of a task: it begins anew. */
  forget(taskId: string): Promise<void>;
}

/** What is known of a run. */
export interface HeldRun {
  /** Executors that it has ended so far. */
  readonly crashes: number;
  readonly done: boolean;
  /** Whether the one who asks holds it now. */
  readonly held: boolean;
}

interface Entry {
  _id: string;
  /** A token per crash: written twice by a repeated update, it still counts once. */
  crashes?: string[];
  done?: boolean;
  /** Who runs it, and until when nobody else may. */
  lease?: { readonly holder: string; readonly until: Date };
  updated: Date;
}

const SEVEN_DAYS = 7 * 24 * 3600;

export async function openLedger(mongo: Mongo): Promise<Ledger> {
  const entries: Collection<Entry> = mongo.db.collection<Entry>('omega_ledger');
  await entries.createIndex({ updated: 1 }, { expireAfterSeconds: SEVEN_DAYS });

  return {
    async recordCrash(run) {
      const entry = await entries.findOneAndUpdate(
        { _id: key(run) },
        { $addToSet: { crashes: randomUUID() }, $currentDate: { updated: true } },
        { upsert: true, returnDocument: 'after' },
      );
      return entry?.crashes?.length ?? 1;
    },
    async recordDone(run) {
      const change = { $set: { done: true }, $currentDate: { updated: true } } as const;
      await entries.updateOne({ _id: key(run) }, change, { upsert: true });
    },
    async hold(run, holder, seconds) {
      const isFree = {
        $or: [
          { $lte: [{ $ifNull: ['$lease.until', new Date(0)] }, '$$NOW'] },
          { $eq: ['$lease.holder', { $literal: holder }] },
        ],
      };
      const until = { $dateAdd: { startDate: '$$NOW', unit: 'second', amount: seconds } };
      const lease = { $cond: [isFree, { holder: { $literal: holder }, until }, '$lease'] };
      const entry = await entries.findOneAndUpdate(
        { _id: key(run) },
        [{ $set: { lease, updated: '$$NOW' } }],
        { upsert: true, returnDocument: 'after' },
      );
      const { crashes = [], done = false, lease: held } = entry ?? {};
      return { crashes: crashes.length, done, held: held?.holder === holder };
    },
    async release(run, holder) {
      await entries.updateOne({ _id: key(run), 'lease.holder': holder }, { $unset: { lease: '' } });
    },
    async forget(taskId) {
      // The rest of the key is two numbers: another task's id may begin with this one and a colon.
      await entries.deleteMany({ _id: { $regex: `^${literal(taskId)}:\\d+:\\d+$` } });
    },
  };
}

function key(run: Run): string {
  return `${run.taskId}:${run.retries}:${run.replacedNesting}`;
}
