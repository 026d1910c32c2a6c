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
   * Whoever held it before and let the time pass is counted as lost.
   *
   * @returns whether it is held now by this lease, and what is known of it.
   */
  hold(run: Run, lease: Lease): Promise<HeldRun>;
  /** From now on it is no loss if those who hold by these tokens are gone: they are told to stop. */
  drain(holders: readonly string[]): Promise<void>;
  /** Lets go of a run that is not over, so that it may begin elsewhere at once. */
  release(run: Run, holder: string): Promise<void>;
  /** Forgets all runs of a task: it begins anew. */
  forget(taskId: string): Promise<void>;
}

/** By which a run is held. */
interface Lease {
  /** A token that nobody else uses. */
  readonly holder: string;
  readonly seconds: number;
  /** Whether the holder was told to stop. Default false. */
  readonly draining?: boolean;
}

/** What is known of a run. */
export interface HeldRun {
  /** Executors that it has ended so far. */
  readonly crashes: number;
  /** Holders that were lost while they ran it, with nobody to say why. */
  readonly losses: number;
  readonly done: boolean;
  /** Whether the one who asks holds it now. */
  readonly held: boolean;
}

interface Entry {
  _id: string;
  /** A token per crash: written twice by a repeated update, it still counts once. */
  crashes?: string[];
  /** The holders that were lost. */
  losses?: string[];
  done?: boolean;
  /** Who runs it, and until when nobody else may. */
  lease?: { readonly holder: string; readonly until: Date; readonly draining?: boolean };
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
    async hold(run, lease) {
      const entry = await entries.findOneAndUpdate({ _id: key(run) }, [holding(lease)], {
        upsert: true,
        returnDocument: 'after',
      });
      const { crashes = [], losses = [], done = false, lease: held } = entry ?? {};
      return {
        crashes: crashes.length,
        losses: losses.length,
        done,
        held: held?.holder === lease.holder,
      };
    },
    async drain(holders) {
      const filter = { 'lease.holder': { $in: [...holders] } };
      await entries.updateMany(filter, { $set: { 'lease.draining': true } });
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

/** The stage of an update that takes a free run, or keeps it for who has it. */
function holding({ holder, seconds, draining = false }: Lease) {
  const isOwn = { $eq: ['$lease.holder', { $literal: holder }] };
  const isOver = { $lte: [{ $ifNull: ['$lease.until', new Date(0)] }, '$$NOW'] };
  // Where nobody has held it, or who did has released it, there is no holder.
  const hadHolder = { $gt: ['$lease.holder', null] };
  const isLost = { $and: [hadHolder, { $not: [isOwn] }, isOver, { $ne: ['$lease.draining', true] }] };
  const losses = { $setUnion: [{ $ifNull: ['$losses', []] }, ['$lease.holder']] };
  const until = { $dateAdd: { startDate: '$$NOW', unit: 'second', amount: seconds } };
  const lease = { holder: { $literal: holder }, until, draining };
  return {
    $set: {
      lease: { $cond: [{ $or: [isOwn, isOver] }, lease, '$lease'] },
      losses: { $cond: [isLost, losses, { $ifNull: ['$losses', '$$REMOVE'] }] },
      updated: '$$NOW',
    },
  };
}

function key(run: Run): string {
  return `${run.taskId}:${run.retries}:${run.replacedNesting}`;
}
