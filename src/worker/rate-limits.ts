/**
 * Rate limits of tasks, for each worker by itself (celery/worker/consumer/consumer.py `_limit_task`: kombu's
 * TokenBucket of capacity 1): one run each so many seconds, and none saved up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerNode } from './node.ts';

/** What waits longer for its turn does not wait in the worker, where it would keep other tasks out. */
const LONGEST_WAIT_MS = 1_000;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const RATE = /^(\d+(?:\.\d+)?)(?:\/([smh]))?$/;

export interface RateLimits {
  /**
   * Waits for a task's turn.
   *
   * @param cameBack - it was sent away before, and has its place in the line.
   * @returns null when it is its turn; when to come back, when that is longer than a second away.
   */
  turn(taskName: string, cameBack: boolean): Promise<Date | null>;
}

/** Turns of one task. Times in milliseconds of the monotonic clock. */
interface Line {
  readonly interval: number;
  /** The last turn that was taken. */
  taken: number;
  /** The last turn that was given to a task that was sent away. */
  given: number;
}

/**
 * Runs per second of a rate limit: `10/s`, `100/m`, `5/h`, a number for runs per second (celery/utils/time.py
 * `rate`). 0 for no limit; null for a text that is none.
 */
export function parseRateLimit(limit: string | number | null): number | null {
  if (limit === null || limit === '' || limit === 0) return 0;
  const match = RATE.exec(String(limit));
  if (match === null) return null;
  const [, runs, unit = 's'] = match;
  return Number(runs) / (SECONDS[unit] ?? 1);
}

export function createRateLimits({
  tasks,
  settings,
  stopping,
}: Pick<WorkerNode, 'tasks' | 'settings' | 'stopping'>): RateLimits {
  const lines = new Map<string, Line>();

  /** The line of a task as its limit is now: remote control may change it. */
  function lineOf(taskName: string): Line | null {
    const limit = tasks.get(taskName)?.rateLimit ?? null;
    const perSecond = limit === null || settings.disableRateLimits ? 0 : (parseRateLimit(limit) ?? 0);
    if (perSecond === 0) {
      lines.delete(taskName);
      return null;
    }
    const interval = 1000 / perSecond;
    const known = lines.get(taskName);
    if (known?.interval === interval) return known;
    const line: Line = {
      interval,
      taken: known?.taken ?? Number.NEGATIVE_INFINITY,
      given: Number.NEGATIVE_INFINITY,
    };
    lines.set(taskName, line);
    return line;
  }

  return {
    async turn(taskName, cameBack) {
      const line = lineOf(taskName);
      if (line === null) return null;
      const now = performance.now();
      const next = Math.max(now, line.interval + (cameBack ? line.taken : Math.max(line.taken, line.given)));
      if (next - now > LONGEST_WAIT_MS) {
        if (!cameBack) line.given = next;
        return new Date(Date.now() + next - now);
      }
      line.taken = next;
      if (next > now) await sleep(next - now, undefined, { signal: stopping }).catch(() => undefined);
      return null;
    },
  };
}
