/** Moving means of run times: which tasks are short enough to queue ahead of a busy executor. */

/** A task whose runs take less than this on average is short. */
const SHORT_MS = 10;
/** Weight of the newest run in the mean. */
const WEIGHT = 0.2;

export interface Durations {
  record(taskName: string, ms: number): void;
  /** False for a task that has never finished here. */
  isShort(taskName: string): boolean;
}

export function createDurations(): Durations {
  const means = new Map<string, number>();
  return {
    record(taskName, ms) {
      const mean = means.get(taskName) ?? ms;
      means.set(taskName, mean + WEIGHT * (ms - mean));
    },
    isShort: (taskName) => (means.get(taskName) ?? Number.POSITIVE_INFINITY) < SHORT_MS,
  };
}
