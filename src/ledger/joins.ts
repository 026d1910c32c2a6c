/**
 * Chords of our own clients, as the workers note them: which tasks of the header have ended, and, once a worker has
 * got `celery.chord_unlock`, that it is ours to send the body. What has ended is a set of places, so that a task
 * that is reported twice counts once. Times are the server's.
 *
 * A chord goes from `open` over `held` to `joined`. An open one is not ours yet: a Python worker that gets
 * `celery.chord_unlock` sends the body itself.
 */
import type { Collection } from '../mongo/bson.ts';
import type { Mongo } from '../mongo/client.ts';

/** A chord that one worker, who got this, is to join now. Who does not finish in time loses it to another. */
export interface JoinClaim {
  readonly groupId: string;
  /** What was noted with `hold`. */
  readonly chord: string;
  /** Whether somebody had claimed it before, and may have sent the body. */
  readonly isCopy: boolean;
}

/** A held chord that may be complete although not every task was reported. */
export interface DueChord {
  readonly groupId: string;
  readonly chord: string;
  /** Whether the task at this place of the header was reported. */
  hasEnded(index: number): boolean;
}

export interface Joins {
  /** Notes that a task of a header has ended. @returns a claim if it was the last one, and the chord is held. */
  addEnd(groupId: string, index: number, size: number): Promise<JoinClaim | null>;
  /** Notes a chord that is ours to join. @returns a claim if its header has ended. */
  hold(groupId: string, size: number, chord: string): Promise<JoinClaim | null>;
  /**
   * A held chord that nobody has looked after for a while, null if there is none: tasks that ran elsewhere do not
   * report their ends, and a worker may have died with its claim. It is due again later, each time later than
   * before, up to 30 s.
   */
  nextDue(): Promise<DueChord | null>;
  /** Claims a held chord whose header has ended; null if somebody else is joining it. */
  claim(groupId: string): Promise<JoinClaim | null>;
  /** The body is sent, or has failed. */
  finish(groupId: string): Promise<void>;
}

interface Entry {
  _id: string;
  state: 'open' | 'held' | 'joined';
  size: number;
  /** How many places are in `ends`, counted as they are put in. */
  done: number;
  /** Places by word, {@link WORD} bits in each. */
  ends?: Record<string, number>;
  chord?: string;
  /** When it is to be looked after next, and how often it was. */
  due?: Date;
  looks?: number;
  /** Until when somebody is joining it, and how many have set out to. */
  claimed?: Date;
  claims?: number;
  updated: Date;
}

/** Bits that fit into a 32-bit integer without touching its sign. */
const WORD = 31;
const CLAIM_MS = 30_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const SEVEN_DAYS = 7 * 24 * 3600;
const DUPLICATE_KEY = 11_000;
/** What may be large is not read. */
const STATE = { chord: 0, ends: 0 } as const;

export async function openJoins(mongo: Mongo): Promise<Joins> {
  const entries: Collection<Entry> = mongo.db.collection<Entry>('omega_joins');
  await entries.createIndex({ updated: 1 }, { expireAfterSeconds: SEVEN_DAYS });
  await entries.createIndex({ due: 1 }, { partialFilterExpression: { state: 'held' } });

  async function claim(groupId: string): Promise<JoinClaim | null> {
    const entry = await entries.findOneAndUpdate(
      { _id: groupId, state: 'held', $expr: { $lt: ['$claimed', '$$NOW'] } },
      [{ $set: { claimed: later(CLAIM_MS), claims: { $add: [orZero('$claims'), 1] }, updated: '$$NOW' } }],
      { returnDocument: 'after', projection: { chord: 1, claims: 1 } },
    );
    return entry && { groupId, chord: entry.chord ?? '', isCopy: (entry.claims ?? 0) > 1 };
  }

  async function claimComplete(entry: Entry | null): Promise<JoinClaim | null> {
    const isComplete = entry?.state === 'held' && entry.done >= entry.size;
    return isComplete ? await claim(entry._id) : null;
  }

  return {
    claim,
    async addEnd(groupId, index, size) {
      if (index >= size) return null;
      const entry = await addPlace(entries, groupId, index);
      if (entry !== null) return await claimComplete(entry);
      await createOnce(entries, groupId, size);
      return await claimComplete(
        (await addPlace(entries, groupId, index)) ?? (await readState(entries, groupId)),
      );
    },
    async hold(groupId, size, chord) {
      await createOnce(entries, groupId, size);
      const held = {
        state: 'held',
        chord: { $literal: chord },
        due: later(FIRST_PAUSE_MS),
        updated: '$$NOW',
      };
      await entries.updateOne({ _id: groupId, state: 'open' }, [{ $set: held }]);
      return await claimComplete(await readState(entries, groupId));
    },
    async nextDue() {
      const pause = {
        $min: [LONGEST_PAUSE_MS, { $multiply: [FIRST_PAUSE_MS, { $pow: [2, orZero('$looks')] }] }],
      };
      const entry = await entries.findOneAndUpdate(
        { state: 'held', $expr: { $lte: ['$due', '$$NOW'] } },
        [{ $set: { due: later(pause), looks: { $add: [orZero('$looks'), 1] }, updated: '$$NOW' } }],
        { sort: { due: 1 } },
      );
      return entry && dueChord(entry);
    },
    async finish(groupId) {
      await entries.updateOne(
        { _id: groupId },
        {
          $set: { state: 'joined' },
          $unset: { chord: 1, ends: 1, due: 1 },
          $currentDate: { updated: true },
        },
      );
    },
  };
}

/** The entry with the place in its set; null if it has it already, or is not there. */
async function addPlace(entries: Collection<Entry>, groupId: string, index: number): Promise<Entry | null> {
  const field = `ends.${Math.floor(index / WORD)}`;
  const bit = index % WORD;
  return await entries.findOneAndUpdate(
    { _id: groupId, [field]: { $not: { $bitsAllSet: [bit] } } },
    { $bit: { [field]: { or: 2 ** bit } }, $inc: { done: 1 }, $currentDate: { updated: true } },
    { returnDocument: 'after', projection: STATE },
  );
}

/** Makes the entry, unless it is there. */
async function createOnce(entries: Collection<Entry>, groupId: string, size: number): Promise<void> {
  try {
    await entries.insertOne({ _id: groupId, state: 'open', size, done: 0, updated: new Date() });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
}

async function readState(entries: Collection<Entry>, groupId: string): Promise<Entry | null> {
  return await entries.findOne({ _id: groupId }, { projection: STATE });
}

function dueChord({ _id: groupId, chord = '', ends = {} }: Entry): DueChord {
  return {
    groupId,
    chord,
    hasEnded: (index) => ((ends[Math.floor(index / WORD)] ?? 0) & (2 ** (index % WORD))) !== 0,
  };
}

function later(milliseconds: unknown): object {
  return { $add: ['$$NOW', milliseconds] };
}

function orZero(field: string): object {
  return { $ifNull: [field, 0] };
}

function isDuplicate(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === DUPLICATE_KEY;
}
