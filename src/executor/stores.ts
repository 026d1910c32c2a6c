import { createModelBackends } from '../models/backends.ts';
import { createModelCache } from '../models/model-cache.ts';
import { createModels } from '../models/models.ts';
import { openMongo } from '../mongo/client.ts';
import { createDatasets } from '../store/datasets.ts';
import { createJobs } from '../store/notebooks.ts';
import type { Stores } from '../tasks/builtin-task.ts';

export interface StoresOptions {
  readonly mongoUrl: string;
  /** The default bucket. */
  readonly bucket: string;
  /** MiB of stored models that are kept unpacked. */
  readonly modelCache: number;
}

export interface OpenStores {
  /** Of the default bucket. */
  readonly om: Stores;
  close(): Promise<void>;
}

/**
 * The stores of all buckets, over one connection pool that connects with the first operation.
 *
 * @throws ImproperlyConfigured when the URL is malformed.
 */
export function openStores({ mongoUrl, bucket: defaultBucket, modelCache }: StoresOptions): OpenStores {
  const mongo = openMongo(mongoUrl, { appName: 'omegaml-node executor' });
  const backends = createModelBackends();
  const cache = createModelCache(modelCache * 2 ** 20);
  const buckets = new Map<string, Stores>();

  function open(bucket: string): Stores {
    const known = buckets.get(bucket);
    if (known) return known;
    const stores: Stores = {
      datasets: createDatasets(mongo, { bucket }),
      models: createModels(mongo, { bucket, backends, cache }),
      jobs: createJobs(mongo, { bucket }),
      bucket: (name) => open(name ?? defaultBucket),
    };
    buckets.set(bucket, stores);
    return stores;
  }

  return { om: open(defaultBucket), close: () => mongo.close() };
}
