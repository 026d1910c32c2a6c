/** Measures the runs of an executor, which come one after the other. */
import type { Measures } from '../contract/measures.ts';
import type { CacheStats } from '../models/model-cache.ts';
import type { Traffic } from '../mongo/traffic.ts';

/** What the stores have done so far. */
export interface StoreUsage extends CacheStats, Traffic {}

type LoadPhase = 'load_model' | 'load_data';

const UNUSED: StoreUsage = { hits: 0, misses: 0, entries: 0, bytes: 0, bytesRead: 0, bytesWritten: 0 };

export class Recorder {
  #startedAt = 0;
  #before = UNUSED;
  #loads: Readonly<Record<LoadPhase, Stopwatch>> = newLoads();

  /** A run begins. */
  start(): void {
    this.#startedAt = performance.now();
    this.#loads = newLoads();
  }

  /** Counts what the work takes as a part of this phase. Works at the same time count once. */
  async time<Result>(phase: LoadPhase, work: () => Promise<Result>): Promise<Result> {
    const stopwatch = this.#loads[phase];
    stopwatch.start();
    try {
      return await work();
    } finally {
      stopwatch.stop();
    }
  }

  /** The run has ended. @param usage - of the stores, where they have been opened. */
  end(usage: StoreUsage = UNUSED): Measures {
    const before = this.#before;
    this.#before = usage;
    const [loadModel, loadData] = [this.#loads.load_model.seconds, this.#loads.load_data.seconds];
    const compute = (performance.now() - this.#startedAt) / 1000 - loadModel - loadData;
    const cacheHits = usage.hits - before.hits;
    const cacheMisses = usage.misses - before.misses;
    const bytesRead = usage.bytesRead - before.bytesRead;
    const bytesWritten = usage.bytesWritten - before.bytesWritten;
    return {
      seconds: {
        ...(loadModel > 0 && { load_model: loadModel }),
        ...(loadData > 0 && { load_data: loadData }),
        compute: Math.max(0, compute),
      },
      ...(cacheHits > 0 && { cacheHits }),
      ...(cacheMisses > 0 && { cacheMisses }),
      ...(cacheHits + cacheMisses > 0 && { cachedModels: { entries: usage.entries, bytes: usage.bytes } }),
      ...(bytesRead > 0 && { bytesRead }),
      ...(bytesWritten > 0 && { bytesWritten }),
    };
  }
}

/** Runs while anything does that was started. */
class Stopwatch {
  #running = 0;
  #startedAt = 0;
  #ms = 0;

  get seconds(): number {
    return this.#ms / 1000;
  }

  start(): void {
    if (this.#running === 0) this.#startedAt = performance.now();
    this.#running += 1;
  }

  stop(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#ms += performance.now() - this.#startedAt;
  }
}

function newLoads(): Record<LoadPhase, Stopwatch> {
  return { load_model: new Stopwatch(), load_data: new Stopwatch() };
}
