/** Fits a forest, and reads it from a state. */
import { allocateFloat64, allocateUint8 } from '../frame/allocation.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import { concatFloat64, concatInt32, concatUint8 } from './arrays.ts';
import type { FitContext } from './estimator.ts';
import { designMatrix, encodedWidth, learnFeatures, type MissingValues } from './features.ts';
import { codeFeatures } from './forest-codes.ts';
import { type ForestTarget, type GrownTrees, growForest } from './forest-grow.ts';
import { type ForestOptions, featuresPerSplit, rowsPerTree } from './forest-options.ts';
import { scoreOutOfBag } from './forest-out-of-bag.ts';
import { type Combination, type Forest, predictForest } from './forest-predict.ts';
import { float64Array, int32Array, type ModelState, type StateArray, type Target } from './state.ts';

/** A missing number goes to the side of a split where it lowered the impurity more, as in scikit-learn. */
const MISSING: MissingValues = { estimator: 'a random forest', allowed: true };

/** What a forest is fitted to. */
export interface ForestFit<Options extends ForestOptions> {
  readonly estimator: string;
  readonly options: Options;
  readonly target: Target;
  readonly encoded: ForestTarget;
  readonly rowWeights: Float64Array | null;
}

/** Grows the trees and returns the state. @throws InvalidData, InvalidOptions */
export async function fitForest<Options extends ForestOptions>(
  { estimator, options, target, encoded, rowWeights }: ForestFit<Options>,
  X: DataFrame,
  context: FitContext,
): Promise<ModelState> {
  const features = learnFeatures(X);
  const width = encodedWidth(features);
  const growOptions = {
    ...options,
    featuresPerSplit: featuresPerSplit(options, width),
    rowsPerTree: rowsPerTree(options, X.rowCount),
  };
  const matrix = designMatrix(X, { features, named: true }, MISSING);
  const coded = await codeFeatures(matrix, context);
  const grown = await growForest(coded, encoded, rowWeights, growOptions, options.nEstimators, context);
  const meta = { estimator, options, features, named: true, target };
  const arrays = mergeTrees(grown, target.classes?.length ?? 0, width);
  if (!options.oobScore) return { meta, arrays };
  const forest = forestOf({ meta, arrays });
  const oobScore = await scoreOutOfBag(forest, matrix, encoded, rowWeights, growOptions, context);
  return { meta, arrays: { ...arrays, oobScore: concatFloat64([Float64Array.of(oobScore)]) } };
}

/** The forest in a state. @throws CorruptObject */
export function forestOf(state: ModelState): Forest {
  return {
    feature: int32Array(state, 'feature'),
    threshold: float64Array(state, 'threshold'),
    right: int32Array(state, 'right'),
    missingLeft: missingSides(state),
    roots: int32Array(state, 'roots'),
    distributions: float64Array(state, 'distributions'),
    classCount: state.meta.target.classes?.length ?? 0,
  };
}

/** A forest of an earlier version sends what is missing to the right. */
function missingSides({ arrays: { missingLeft, feature } }: ModelState): Uint8Array {
  return missingLeft instanceof Uint8Array ? missingLeft : allocateUint8(feature?.length ?? 0);
}

/** The probabilities, an array for each class; or the predicted numbers, in one array. @throws InvalidData */
export async function predictState(
  state: ModelState,
  X: DataFrame,
  combination: Combination,
  context: FitContext,
): Promise<Float64Array[]> {
  return predictForest(forestOf(state), designMatrix(X, state.meta, MISSING), combination, context);
}

/** The arrays of a state: all trees one after the other. `width` is the number of encoded features. */
export function mergeTrees(
  grown: readonly GrownTrees[],
  classCount: number,
  width: number,
): Record<string, StateArray> {
  const sizes = concatInt32(grown.map((trees) => trees.sizes));
  let nodeCount = 0;
  const roots = sizes.map((size) => {
    nodeCount += size;
    return nodeCount - size;
  });
  return {
    feature: concatInt32(grown.map(({ feature }) => feature)),
    threshold: concatFloat64(withDistributionOffsets(grown, classCount)),
    right: concatInt32(grown.map(({ right }) => right)),
    missingLeft: concatUint8(grown.map(({ missingLeft }) => missingLeft)),
    roots: concatInt32([roots]),
    distributions: concatFloat64(grown.map(({ distributions }) => distributions)),
    importances: meanImportances(grown, width),
  };
}

/** Leaves count their distributions from the chunk's first one: count from the forest's. */
function withDistributionOffsets(grown: readonly GrownTrees[], classCount: number): Float64Array[] {
  let offset = 0;
  return grown.map(({ feature, threshold, distributions }) => {
    const shift = offset;
    if (classCount > 0) offset += distributions.length / classCount;
    if (shift === 0) return threshold;
    return threshold.map((value, node) => {
      return feature[node] === -1 && value >= classCount ? value + shift : value;
    });
  });
}

function meanImportances(grown: readonly GrownTrees[], width: number): Float64Array {
  const sums = allocateFloat64(width);
  for (const { importances } of grown) {
    importances.forEach((importance, i) => {
      sums[i % width] = (sums[i % width] as number) + importance;
    });
  }
  const total = sums.reduce((sum, value) => sum + value, 0);
  if (total > 0) for (let i = 0; i < width; i += 1) sums[i] = (sums[i] as number) / total;
  return sums;
}
