/** What the executors move between themselves and MongoDB, and what they need not move, since they keep models. */
import type { CachedModels, Measures } from '../contract/measures.ts';
import type { Instruments } from './instruments.ts';

type StoreMeasures = Pick<Measures, 'cacheHits' | 'cacheMisses' | 'bytesRead' | 'bytesWritten'>;

export interface StoreMetrics {
  storesUsed(measures: StoreMeasures): void;
}

export function createStoreMetrics({ counter }: Instruments): StoreMetrics {
  const bytes = counter(
    'omega_store_transferred_bytes_total',
    'Data and models that tasks have read from MongoDB and written to it',
    'direction',
  );
  const requests = counter(
    'omega_model_cache_requests_total',
    'Models that tasks asked for, by whether their executor had kept them',
    'result',
  );
  const record = ({ cacheHits = 0, cacheMisses = 0, bytesRead = 0, bytesWritten = 0 }: StoreMeasures) => {
    requests.inc({ result: 'hit' }, cacheHits);
    requests.inc({ result: 'miss' }, cacheMisses);
    bytes.inc({ direction: 'read' }, bytesRead);
    bytes.inc({ direction: 'written' }, bytesWritten);
  };
  record({});
  return { storesUsed: record };
}

/** Adds what is kept now, in all executors together. */
export function addModelCacheGauges({ gauge }: Instruments, cached: () => CachedModels): void {
  gauge('omega_model_cache_entries', 'Models that the executors keep unpacked', () => cached().entries);
  gauge('omega_model_cache_size_bytes', 'Stored size of the models that they keep', () => cached().bytes);
}
