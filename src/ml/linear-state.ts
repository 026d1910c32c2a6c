/** What linear regressions have in common: how they are fitted, whole or in parts, kept, and predict. */
import type { Kernel } from '../contract/threads.ts';
import { InvalidData } from '../errors.ts';
import { allocateFloat64, toShared } from '../frame/allocation.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import { concatFloat64 } from './arrays.ts';
import { mapRows, type Range } from './chunks.ts';
import { requireWeights } from './class-weights.ts';
import type { FitContext } from './estimator.ts';
import { designMatrix, learnFeatures, type MissingValues, requireKnownStrings } from './features.ts';
import {
  type LeastSquaresOptions,
  type LinearFit,
  leastSquares,
  rowMoments,
  solveMoments,
} from './least-squares.ts';
import { mergeMoments, type RowMoments } from './moments.ts';
import { float64Array, type ModelMeta, type ModelState } from './state.ts';
import { numericTarget } from './target.ts';

/** Fits a linear regression; `y` may have several columns. @throws InvalidData */
export async function fitLinear<Options extends LeastSquaresOptions>(
  estimator: string,
  options: Options,
  X: DataFrame,
  y: DataFrame,
  context: FitContext,
): Promise<ModelState> {
  const features = context.features ?? learnFeatures(X);
  const { target, values } = numericTarget(X, y, 'any');
  const { columns } = designMatrix(X, { features, named: true }, refuseMissing(estimator));
  const weights = rowWeightsOf(X.rowCount, context);
  const observations = { features: columns, targets: values, weights };
  const { moments, ...fit } = await leastSquares(observations, options, context);
  return linearState({ estimator, options, features, named: true, target }, fit, moments);
}

/**
 * Fits all rows so far, of which the state has the moments, and these.
 *
 * @throws InvalidData when the columns are not those of the first rows, or hold strings that those do not.
 */
export async function extendLinear(
  state: ModelState,
  options: LeastSquaresOptions,
  X: DataFrame,
  y: DataFrame,
  context: FitContext,
): Promise<ModelState> {
  const { estimator, target } = state.meta;
  requireKnownStrings(X, state.meta);
  const { columns } = designMatrix(X, state.meta, refuseMissing(estimator));
  const matched = y.columns.size > 1 && target.names.every((name) => y.columns.has(name));
  const { values } = numericTarget(X, matched ? y.select(target.names) : y, 'any');
  if (values.length !== target.names.length) {
    throw new InvalidData(
      `y has ${values.length} columns where the first rows had ${target.names.length}: give ${target.names.join(', ')}`,
    );
  }
  const weights = rowWeightsOf(X.rowCount, context);
  const added = await rowMoments({ features: columns, targets: values, weights }, options, context);
  const moments = mergeMoments(momentsOf(state), added, options.intercept);
  return linearState(state.meta, solveMoments(moments, options), moments);
}

/** Null if all rows count the same. @throws InvalidData */
export function rowWeightsOf(rowCount: number, { sampleWeight }: FitContext): Float64Array | null {
  if (!sampleWeight) return null;
  requireWeights(rowCount, sampleWeight);
  return toShared(sampleWeight);
}

/** @param moments undefined for a model that was fitted elsewhere. */
export function linearState(
  meta: ModelMeta,
  { weights, intercepts }: LinearFit,
  moments?: RowMoments,
): ModelState {
  const arrays = { weights: concatFloat64([weights]), intercepts: concatFloat64([intercepts]) };
  if (!moments) return { meta, arrays };
  const { rowCount, means, gram, cross } = moments;
  return {
    meta,
    arrays: {
      ...arrays,
      rowCount: concatFloat64([Float64Array.of(rowCount)]),
      means: concatFloat64([means]),
      gram: concatFloat64([gram]),
      cross: concatFloat64([cross]),
    },
  };
}

/** One array per target. @throws InvalidData */
export async function predictLinear(
  state: ModelState,
  X: DataFrame,
  context: FitContext,
): Promise<Float64Array[]> {
  const { columns } = designMatrix(X, state.meta, refuseMissing(state.meta.estimator));
  const weights = float64Array(state, 'weights');
  const intercepts = float64Array(state, 'intercepts');
  const output = Array.from(intercepts, () => allocateFloat64(X.rowCount));
  await mapRows(context, linearPredictKernel, X.rowCount, CHUNK_ROWS, (rows) => {
    return { columns, weights, intercepts, rows, output };
  });
  return output;
}

/** @throws InvalidData when the model was fitted elsewhere, and the state has not what was learned of its rows. */
export function requireArray(state: ModelState, name: string): void {
  if (state.arrays[name]) return;
  throw new InvalidData(
    `this ${state.meta.estimator} was fitted elsewhere, and nothing is known of its rows: fit it here first`,
  );
}

export function refuseMissing(estimator: string): MissingValues {
  return { estimator, allowed: false };
}

export interface LinearPredictInput {
  readonly columns: readonly Float64Array[];
  readonly weights: Float64Array;
  readonly intercepts: Float64Array;
  readonly rows: Range;
  /** One array per target; rows of this call are filled in. */
  readonly output: readonly Float64Array[];
}

const CHUNK_ROWS = 65_536;

export const linearPredictKernel: Kernel<LinearPredictInput, void> = {
  name: 'linear.predict',
  run: predictRows,
};

export function predictRows({ columns, weights, intercepts, rows, output }: LinearPredictInput): void {
  output.forEach((values, j) => {
    values.fill(intercepts[j] as number, rows.start, rows.end);
    columns.forEach((column, i) => {
      const weight = weights[j * columns.length + i] as number;
      for (let row = rows.start; row < rows.end; row += 1) {
        values[row] = (values[row] as number) + weight * (column[row] as number);
      }
    });
  });
}

function momentsOf(state: ModelState): RowMoments {
  requireArray(state, 'gram');
  const [rowCount = 0] = float64Array(state, 'rowCount');
  return {
    rowCount,
    means: float64Array(state, 'means'),
    gram: float64Array(state, 'gram'),
    cross: float64Array(state, 'cross'),
  };
}
