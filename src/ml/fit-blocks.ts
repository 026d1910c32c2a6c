/** Fits what does not fit into memory: one block of rows after the other. */

import { InvalidData, OperationNotSupported } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { Estimator, FitContext } from './estimator.ts';
import type { ModelState } from './state.ts';

export interface RowBlock {
  readonly X: DataFrame;
  readonly y: DataFrame;
}

/**
 * Fits an estimator that can be fitted in parts. One block is in memory at a time.
 *
 * @throws OperationNotSupported when the estimator needs all rows at once; InvalidData when there are no blocks, or
 *   as {@link Estimator.partialFit}; the signal's reason, between two blocks.
 */
export async function fitBlocks<Options>(
  estimator: Estimator<Options>,
  options: Options,
  blocks: AsyncIterable<RowBlock> | Iterable<RowBlock>,
  context: FitContext,
): Promise<ModelState> {
  if (!estimator.partialFit) {
    throw new OperationNotSupported(
      `a ${estimator.name} cannot be fitted in parts, for it needs all rows at once: use a Ridge or a LogisticRegression`,
    );
  }
  let state: ModelState | null = null;
  for await (const { X, y } of blocks) {
    context.signal?.throwIfAborted();
    state = await estimator.partialFit(options, state, X, y, context);
  }
  if (state) return state;
  throw new InvalidData('there are no blocks of rows: give at least one');
}
