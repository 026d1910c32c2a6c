/** Unpacked models of one executor, by the file that holds them: a file never changes. */

/** Bytes of the stored models, which their unpacked forms take about as much of. */
const DEFAULT_MAX_BYTES = 256 * 2 ** 20;

export interface CacheStats {
  /** Models that were there when they were asked for, and those that were not. */
  readonly hits: number;
  readonly misses: number;
  /** Models that are kept. */
  readonly entries: number;
  readonly bytes: number;
}

export interface ModelCache {
  readonly stats: CacheStats;
  /** What `load` gives for this key, or has given before. A model above the limit is not kept. */
  get<Model>(key: string, load: () => Promise<Loaded<Model>>): Promise<Model>;
}

interface Loaded<Model> {
  readonly model: Model;
  readonly byteLength: number;
}

/** Drops what was used longest ago once there is more than `maxBytes`; 0 keeps nothing. */
export function createModelCache(maxBytes = DEFAULT_MAX_BYTES): ModelCache {
  /** In the order of their last use. */
  const kept = new Map<string, Loaded<unknown>>();
  let total = 0;
  let hits = 0;
  let misses = 0;

  function keep(key: string, loaded: Loaded<unknown>): void {
    kept.set(key, loaded);
    total += loaded.byteLength;
  }

  function forget(key: string): Loaded<unknown> | undefined {
    const loaded = kept.get(key);
    if (loaded && kept.delete(key)) total -= loaded.byteLength;
    return loaded;
  }

  return {
    get stats() {
      return { hits, misses, entries: kept.size, bytes: total };
    },
    async get<Model>(key: string, load: () => Promise<Loaded<Model>>): Promise<Model> {
      // Whoever uses a key says of what type its model is: a key belongs to one backend.
      const known = forget(key) as Loaded<Model> | undefined;
      if (known) hits += 1;
      else misses += 1;
      const loaded = known ?? (await load());
      // Another call may have loaded the same in the meantime.
      forget(key);
      if (loaded.byteLength > maxBytes) return loaded.model;
      keep(key, loaded);
      for (const oldest of kept.keys()) {
        if (total <= maxBytes) break;
        forget(oldest);
      }
      return loaded.model;
    },
  };
}
