/** What is measured of a task's run. */

/** `compute` is all that an executor does besides loading; the last two are the supervisor's. */
export const PHASES = ['load_model', 'load_data', 'compute', 'store_result', 'publish'] as const;
export type Phase = (typeof PHASES)[number];

/** Models that an executor keeps unpacked. */
export interface CachedModels {
  readonly entries: number;
  readonly bytes: number;
}

/** What an executor has measured of one run. Sent with its outcome: whatever there is nothing of is left out. */
export interface Measures {
  /** Seconds by phase. */
  readonly seconds: Readonly<Partial<Record<Phase, number>>>;
  /** Models that were found unpacked, and those that were not. */
  readonly cacheHits?: number;
  readonly cacheMisses?: number;
  /** As they are after the run. */
  readonly cachedModels?: CachedModels;
  /** Of stored data and models. */
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
}
