/** Stores whose reading is measured. */
import type { Stores } from '../tasks/builtin-task.ts';
import type { Recorder } from './recorder.ts';

type Recorded = Pick<Stores, 'datasets' | 'models'>;

export function recordReading({ datasets, models }: Recorded, recorder: Recorder): Recorded {
  return {
    datasets: {
      ...datasets,
      get: (...args) => recorder.time('load_data', () => datasets.get(...args)),
      blocks: (...args) => recordEach(datasets.blocks(...args), recorder),
    },
    models: { ...models, open: (name) => recorder.time('load_model', () => models.open(name)) },
  };
}

/** The time in which the reader waits for the next one. */
async function* recordEach<Item>(items: AsyncIterable<Item>, recorder: Recorder): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await recorder.time('load_data', () => iterator.next());
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
