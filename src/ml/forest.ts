/**
 * Random forests: the estimators of ml-random-forest, trained by our own trainer. Missing numbers are
 * allowed: each split learns which side they go to.
 */
import { RandomForestClassifier, RandomForestRegression } from 'ml-random-forest';
import type { DataFrame } from '../frame/data-frame.ts';
import { classWeightsOf, rowWeights } from './class-weights.ts';
import type { Estimator, FitContext } from './estimator.ts';
import {
  exportForest,
  importForest,
  instanceOptions,
  libraryOptions,
  withOwnOptions,
} from './forest-library.ts';
import {
  type ForestClassifierOptions,
  type ForestRegressionOptions,
  parseClassifierOptions,
  parseRegressionOptions,
  selectionMethodOf,
  votingOf,
} from './forest-options.ts';
import { fitForest, forestOf, predictState } from './forest-state.ts';
import { isOfClass } from './library-class.ts';
import { forestNumbers, forestProbabilities } from './onnx-export/forest.ts';
import { declareClasses, declareNumbers } from './onnx-export/outputs.ts';
import { float64Array, type ModelState } from './state.ts';
import { encodeLabels, labelFrame, numberFrame, numericTarget, probabilityFrame } from './target.ts';

/** `RandomForestClassifier`. */
export const forestClassifier: Estimator<ForestClassifierOptions> = {
  name: 'RandomForestClassifier',
  type: 'classifier',
  weighsRows: true,
  parseOptions: parseClassifierOptions,
  accepts: (instance) => isOfClass(instance, RandomForestClassifier),
  fromInstance: importClassifier,
  toInstance: (options, state) => {
    const known = libraryOptions(options);
    if (!state) return withOwnOptions(new RandomForestClassifier(known), options);
    const model = exportForest(state, forestOf(state), known);
    return withOwnOptions(RandomForestClassifier.load(model), options);
  },
  fit: async (options, X, y, context) => {
    const { target, codes } = encodeLabels(X, y);
    const encoded = { type: 'classes', codes, classCount: target.classes.length } as const;
    const weights = classWeightsOf(options.classWeight, target.classes, codes);
    const fit = { estimator: 'RandomForestClassifier', options, target, encoded };
    return fitForest(
      { ...fit, rowWeights: rowWeights(X.rowCount, context.sampleWeight, { weights, codes }) },
      X,
      context,
    );
  },
  predict: async (state, X, context) => {
    return labelFrame(state.meta.target, X, await classProbabilities(state, X, context));
  },
  predictProba: async (state, X, context) => {
    return probabilityFrame(state.meta.target, X, await classProbabilities(state, X, context));
  },
  toGraph: (state, graph, X) => {
    const probabilities = forestProbabilities(graph, X, forestOf(state), votingOf(state.meta.options));
    declareClasses(graph, state.meta.target.classes ?? [], probabilities);
  },
};

/** `RandomForestRegression`. */
export const forestRegression: Estimator<ForestRegressionOptions> = {
  name: 'RandomForestRegression',
  type: 'regressor',
  weighsRows: true,
  parseOptions: parseRegressionOptions,
  accepts: (instance) => isOfClass(instance, RandomForestRegression),
  fromInstance: (instance) => {
    const options = parseRegressionOptions(instanceOptions(instance));
    return { options, state: importForest('RandomForestRegression', instance, options) };
  },
  toInstance: (options, state) => {
    const known = libraryOptions(options);
    if (!state) return withOwnOptions(new RandomForestRegression(known), options);
    const model = exportForest(state, forestOf(state), known);
    return withOwnOptions(RandomForestRegression.load(model), options);
  },
  fit: async (options, X, y, context) => {
    const { target, values } = numericTarget(X, y, 'one');
    const encoded = { type: 'numbers', values: values[0] ?? new Float64Array(0) } as const;
    const fit = { estimator: 'RandomForestRegression', options, target, encoded };
    return fitForest({ ...fit, rowWeights: rowWeights(X.rowCount, context.sampleWeight, null) }, X, context);
  },
  predict: async (state, X, context) => {
    const combination = selectionMethodOf(state.meta.options);
    return numberFrame(state.meta.target, X, await predictState(state, X, combination, context));
  },
  toGraph: (state, graph, X) => {
    const combination = selectionMethodOf(state.meta.options);
    declareNumbers(graph, state.meta.target, forestNumbers(graph, X, forestOf(state), combination));
  },
};

/** The share of impurity that the splits on one feature took away, mean of all trees. */
export interface FeatureImportance {
  readonly feature: string;
  readonly importance: number;
}

/** Of a fitted forest, in the order of its features; a one-hot encoded column counts as one. They sum to 1. */
export function featureImportances(state: ModelState): FeatureImportance[] {
  const importances = float64Array(state, 'importances');
  let offset = 0;
  return state.meta.features.map(({ name, categories }) => {
    const end = offset + (categories?.length ?? 1);
    const importance = importances.subarray(offset, end).reduce((sum, share) => sum + share, 0);
    offset = end;
    return { feature: name, importance };
  });
}

/** Of a forest that was fitted with `oobScore`: its accuracy or R² on rows that its trees have not drawn; else null. */
export function outOfBagScore({ arrays: { oobScore } }: ModelState): number | null {
  return oobScore?.[0] ?? null;
}

/** A fitted instance counts votes; only so the state predicts what the instance does. */
function importClassifier(instance: unknown) {
  const given = parseClassifierOptions(instanceOptions(instance));
  const state = importForest('RandomForestClassifier', instance, { ...given, voting: 'hard' });
  return { options: state ? { ...given, voting: 'hard' as const } : given, state };
}

async function classProbabilities(
  state: ModelState,
  X: DataFrame,
  context: FitContext,
): Promise<Float64Array[]> {
  return predictState(state, X, votingOf(state.meta.options), context);
}
