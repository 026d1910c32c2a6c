/** The scores that a model can be asked for, under the names of scikit-learn's scorers: higher is better. */
import { InvalidOptions } from '../../errors.ts';
import type { Label } from '../state.ts';
import {
  type AverageOptions,
  accuracyScore,
  balancedAccuracyScore,
  f1Score,
  precisionScore,
  recallScore,
} from './classification.ts';
import { logLoss, type Probabilities, rocAucScore } from './ranking.ts';
import {
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  r2Score,
  rootMeanSquaredError,
} from './regression.ts';

/** What a score is computed from. */
export type Scorer =
  | { readonly of: 'labels'; compute(truth: readonly Label[], predicted: readonly Label[]): number }
  | {
      readonly of: 'probabilities';
      /** @param labels the classes, in the order of the probabilities; undefined if the model does not know them. */
      compute(
        truth: readonly Label[],
        probabilities: Probabilities,
        labels: readonly Label[] | undefined,
      ): number;
    }
  | { readonly of: 'numbers'; compute(truth: Float64Array, predicted: Float64Array): number };

type LabelScore = (truth: readonly Label[], predicted: readonly Label[], options?: AverageOptions) => number;

const scorers: ReadonlyMap<string, Scorer> = new Map<string, Scorer>([
  ['accuracy', { of: 'labels', compute: accuracyScore }],
  ['balanced_accuracy', { of: 'labels', compute: balancedAccuracyScore }],
  ...averages('precision', precisionScore),
  ...averages('recall', recallScore),
  ...averages('f1', f1Score),
  ['roc_auc', { of: 'probabilities', compute: binaryAuc }],
  ['roc_auc_ovr', { of: 'probabilities', compute: (y, p, labels) => rocAucScore(y, p, named(labels)) }],
  [
    'roc_auc_ovr_weighted',
    {
      of: 'probabilities',
      compute: (y, p, labels) => rocAucScore(y, p, { ...named(labels), average: 'weighted' }),
    },
  ],
  ['neg_log_loss', { of: 'probabilities', compute: (y, p, labels) => -logLoss(y, p, named(labels)) }],
  ['r2', { of: 'numbers', compute: r2Score }],
  ['neg_mean_absolute_error', negative(meanAbsoluteError)],
  ['neg_mean_squared_error', negative(meanSquaredError)],
  ['neg_root_mean_squared_error', negative(rootMeanSquaredError)],
  ['neg_mean_absolute_percentage_error', negative(meanAbsolutePercentageError)],
]);

/** @throws InvalidOptions when there is none of this name for such models. */
export function scorerOf(name: string, type: 'classifier' | 'regressor'): Scorer {
  const scorer = scorers.get(name);
  if (scorer && (scorer.of === 'numbers') === (type === 'regressor')) return scorer;
  const suitable = [...scorers].filter(([, { of }]) => (of === 'numbers') === (type === 'regressor'));
  throw new InvalidOptions(
    `a ${type} has no score '${name}': ask for one of ${suitable.map(([known]) => known).join(', ')}`,
  );
}

function averages(name: string, score: LabelScore): [string, Scorer][] {
  const kinds = ['binary', 'macro', 'micro', 'weighted'] as const;
  return kinds.map((average) => [
    average === 'binary' ? name : `${name}_${average}`,
    { of: 'labels', compute: (truth, predicted) => score(truth, predicted, { average }) },
  ]);
}

function binaryAuc(
  truth: readonly Label[],
  probabilities: Probabilities,
  labels: readonly Label[] | undefined,
): number {
  if (probabilities.length <= 2) return rocAucScore(truth, probabilities, named(labels));
  throw new InvalidOptions(
    `roc_auc is of two classes, and the model knows ${probabilities.length}: ask for roc_auc_ovr, each against the rest`,
  );
}

function named(labels: readonly Label[] | undefined): { labels?: readonly Label[] } {
  return labels ? { labels } : {};
}

function negative(error: (truth: Float64Array, predicted: Float64Array) => number): Scorer {
  return { of: 'numbers', compute: (truth, predicted) => -error(truth, predicted) };
}
