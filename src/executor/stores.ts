import { createModelBackends } from '../models/backends.ts';
import { createModelCache } from '../models/model-cache.ts';
import { createModels } from '../models/models.ts';
import { openMongo } from '../mongo/client.ts';
import { traffic } from '../mongo/traffic.ts';
import { createDatasets } from '../store/datasets.ts';
import { createJobs } from '../store/notebooks.ts';
import type { Stores } from '../tasks/builtin-task.ts';
import { recordReading } from './recorded-stores.ts';
import type { Recorder, StoreUsage } from './recorder.ts';

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
  usage(): StoreUsage;
  close(): Promise<void>;
}

/**
 * The stores of all buckets, over one connection pool that connects with the first operation. The recorder measures what
 * they read.
 *
 * @throws ImproperlyConfigured when the URL is malformed.
 */
export function openStores(options: StoresOptions, recorder: Recorder): OpenStores {
  const { mongoUrl, bucket: defaultBucket, modelCache } = options;
  const mongo = openMongo(mongoUrl, { appName: 'omegaml-node executor' });
  const backends = createModelBackends();
  const cache = createModelCache(modelCache * 2 ** 20);
  const buckets = new Map<string, Stores>();

  function open(bucket: string): Stores {
    const known = buckets.get(bucket);
    if (known) return known;
    const stores: Stores = {
      ...recordReading(
        {
          datasets: createDatasets(mongo, { bucket }),
          models: createModels(mongo, { bucket, backends, cache }),
        },
        recorder,
      ),
      jobs: createJobs(mongo, { bucket }),
      bucket: (name) => open(name ?? defaultBucket),
    };
    buckets.set(bucket, stores);
    return stores;
  }

  return {
    om: open(defaultBucket),
    usage: () => ({ ...cache.stats, ...traffic() }),
    close: () => mongo.close(),
  };
}
