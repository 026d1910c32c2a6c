/**
 * Removing expired results where no beat does it: once a day, by one of the workers that share a database
 * (Celery: the task `celery.backend_cleanup`, which beat sends at 4 o'clock).
 */
import { isDuplicateKey, type Mongo } from '../mongo/client.ts';
import type { ResultStore } from './backend.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const COLLECTION = 'omega_duties';
const DUTY = 'backend_cleanup';

interface Duty {
  readonly _id: string;
  /** When it was last taken on. */
  readonly taken: Date;
}

export interface DailyCleanupOptions {
  /** Where the workers agree on who does it. */
  readonly mongo: Mongo;
  readonly store: Pick<ResultStore, 'cleanup'>;
  /** Told of a cleanup that failed; the next one is a day later. */
  onError(error: unknown): void;
}

/** Looks every hour, at a minute of its own, whether a day has passed. @returns what ends it. */
export function startDailyCleanup({ mongo, store, onError }: DailyCleanupOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    try {
      if (await takeDuty(mongo)) await store.cleanup();
    } catch (error) {
      onError(error);
    }
  };
  const lookAfter = (pause: number): void => {
    if (stopped) return;
    timer = setTimeout(() => void look().finally(() => lookAfter(HOUR_MS)), pause).unref();
  };
  lookAfter(Math.random() * HOUR_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** Whether the cleanup of this day is the caller's: nobody else has taken it on within a day. */
export async function takeDuty(mongo: Mongo, now = new Date()): Promise<boolean> {
  const duties = mongo.db.collection<Duty>(COLLECTION);
  const free = { _id: DUTY, taken: { $lte: new Date(now.getTime() - DAY_MS) } };
  try {
    const { modifiedCount, upsertedCount } = await duties.updateOne(
      free,
      { $set: { taken: now } },
      { upsert: true },
    );
    return modifiedCount + upsertedCount > 0;
  } catch (error) {
    // It is there, and was taken on within a day.
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}
