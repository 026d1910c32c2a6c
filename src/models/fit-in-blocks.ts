/** Fitting a model on rows that come in blocks, and scoring it on them. */
import { InvalidData } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { FitContext } from '../ml/estimator.ts';
import type { OpenBlocks, RowBlock } from '../ml/fit-blocks.ts';
import { type RunningScore, runningAccuracy, runningR2 } from '../ml/scores/running-score.ts';
import type { Score } from '../ml/scoring.ts';

/** What the model's metadata say of rows that are gone. */
export interface RowsSeen {
  readonly rowCount: number;
  /** The columns, without rows. */
  readonly X: DataFrame;
  readonly y: DataFrame;
}

/** Notes what passes when rows are gone through for the last time. @throws InvalidData when nothing does. */
export function watchRows(open: OpenBlocks) {
  let rowCount = 0;
  let first: RowBlock | undefined;
  return {
    async *blocks(): AsyncGenerator<RowBlock> {
      rowCount = 0;
      for await (const block of open()) {
        rowCount += block.X.rowCount;
        first ??= { X: block.X.take([]), y: block.y.take([]) };
        yield block;
      }
    },
    seen(): RowsSeen {
      if (first) return { rowCount, ...first };
      throw new InvalidData('there are no rows: give at least one');
    },
  };
}

/** The usual score of a classifier or a regression. */
export async function scoreInBlocks(
  type: 'classifier' | 'regressor',
  predict: (X: DataFrame, context: FitContext) => Promise<DataFrame>,
  blocks: AsyncIterable<RowBlock>,
  context: FitContext,
): Promise<Score> {
  const metric = type === 'classifier' ? 'accuracy' : 'r2';
  const score: RunningScore = metric === 'accuracy' ? runningAccuracy() : runningR2();
  for await (const { X, y } of blocks) {
    context.signal?.throwIfAborted();
    score.add(y, await predict(X, context));
  }
  return { metric, value: score.value };
}
