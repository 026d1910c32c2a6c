/** Fits what does not fit into memory: one block of rows after the other. */

import { InvalidData, OperationNotSupported } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { Estimator, FitContext } from './estimator.ts';
import { extendFeatures, learnFeatures } from './features.ts';
import type { Feature, ModelState } from './state.ts';

export interface RowBlock {
  readonly X: DataFrame;
  readonly y: DataFrame;
}

/** Rows with their labels, as often as they are asked for. */
export type OpenBlocks = () => AsyncIterable<RowBlock>;

/**
 * Fits an estimator that can be fitted in parts. One block is in memory at a time. Where there are columns of strings, all
 * blocks are gone through once before, for the strings.
 *
 * @throws OperationNotSupported when the estimator needs all rows at once; InvalidData when there are no blocks, or
 *   as {@link Estimator.partialFit}; the signal's reason, between two blocks.
 */
export async function fitBlocks<Options>(
  estimator: Estimator<Options>,
  options: Options,
  open: OpenBlocks,
  context: FitContext,
): Promise<ModelState> {
  if (!estimator.partialFit) {
    throw new OperationNotSupported(
      `a ${estimator.name} cannot be fitted in parts, for it needs all rows at once: use a Ridge or a LogisticRegression`,
    );
  }
  const features = await featuresOf(open(), context);
  const whole = features ? { ...context, features } : context;
  let state: ModelState | null = null;
  for await (const { X, y } of open()) {
    context.signal?.throwIfAborted();
    state = await estimator.partialFit(options, state, X, y, whole);
  }
  if (state) return state;
  throw new InvalidData('there are no blocks of rows: give at least one');
}

/** The columns with the strings of all blocks; null without blocks. Where no column has strings, the first block says all. */
async function featuresOf(
  blocks: AsyncIterable<RowBlock>,
  { signal }: FitContext,
): Promise<readonly Feature[] | null> {
  let features: readonly Feature[] | null = null;
  for await (const { X } of blocks) {
    signal?.throwIfAborted();
    features = features ? extendFeatures(features, X) : learnFeatures(X);
    if (!features.some(({ categories }) => categories)) break;
  }
  return features;
}
