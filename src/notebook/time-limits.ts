/** The time limits of a notebook run. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a promise settled in time. */
type Settled<T> = { readonly inTime: true; readonly value: T } | { readonly inTime: false };

/** A limit that applies now. */
export interface TimeLimit {
  readonly of: 'cell' | 'run';
  /** As it was set. */
  readonly seconds: number;
  readonly remainingMs: number;
}

/** The longest time that a timer of Node can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class TimeLimits {
  readonly #cellSeconds: number;
  readonly #runSeconds: number;
  readonly #startedAt = performance.now();

  /** In seconds; null, undefined and what is not above 0 mean no limit. */
  constructor(cellTimeout: number | null | undefined, runTimeout: number | null | undefined) {
    this.#cellSeconds = secondsOf(cellTimeout);
    this.#runSeconds = secondsOf(runTimeout);
  }

  /** The limit for a cell that starts now: its own or what is left of the run's, whichever ends first. */
  forCell(): TimeLimit {
    const run = this.forRun();
    const seconds = this.#cellSeconds;
    const cell: TimeLimit = { of: 'cell', seconds, remainingMs: seconds * 1000 };
    return cell.remainingMs <= run.remainingMs ? cell : run;
  }

  forRun(): TimeLimit {
    const remainingMs = this.#startedAt + this.#runSeconds * 1000 - performance.now();
    return { of: 'run', seconds: this.#runSeconds, remainingMs: Math.max(1, remainingMs) };
  }
}

function secondsOf(limit: number | null | undefined): number {
  return typeof limit === 'number' && limit > 0 ? limit : Number.POSITIVE_INFINITY;
}

/** Waits for a promise, but not longer than a limit. Rejects if the promise does in time. */
export async function settleWithin<T>(promise: Promise<T>, limitMs: number): Promise<Settled<T>> {
  if (limitMs > MAX_TIMER_MS) return { inTime: true, value: await promise };
  const timer = new AbortController();
  const late = sleep(limitMs, { inTime: false } as const, { signal: timer.signal }).catch(never);
  try {
    return await Promise.race([promise.then((value) => ({ inTime: true, value }) as const), late]);
  } finally {
    timer.abort();
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
