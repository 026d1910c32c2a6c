/** Scores a model on rows whose labels are known. */
import { OperationNotSupported } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import { toFloat64Array } from '../frame/numeric.ts';
import type { Estimator, FitContext } from './estimator.ts';
import { matchTargets, pairedNumbers } from './scores/pairs.ts';
import { type Scorer, scorerOf } from './scores/scorers.ts';
import type { Label, ModelState } from './state.ts';
import { readLabels } from './target.ts';

/** How well a model predicts given labels. */
export interface Score {
  /** The name of a scorer of scikit-learn: `accuracy`, `r2`, `f1_macro`, … */
  readonly metric: string;
  readonly value: number;
}

export interface ScoreOptions {
  /**
   * The name of a scorer of scikit-learn, of which higher is better: `f1_macro`, `roc_auc`, `neg_log_loss`,
   * `neg_root_mean_squared_error`, … Default `accuracy` of a classifier, `r2` of a regression.
   */
  readonly scoring?: string;
}

/** What is scored: a fitted model, whatever its kind. */
export interface Predictor {
  readonly type: Estimator['type'];
  predict(): Promise<DataFrame>;
  /** A column for each class. */
  predictProba(): Promise<DataFrame>;
  /** In the order of the probabilities; undefined if the model does not know them. */
  readonly classes: readonly Label[] | undefined;
}

/**
 * Scores an estimator.
 *
 * @throws InvalidData when X or y do not suit the model, or there are no rows; InvalidOptions when there is no
 *   such score of such a model.
 */
export async function score(
  estimator: Estimator,
  state: ModelState,
  X: DataFrame,
  y: DataFrame,
  context: FitContext,
  options: ScoreOptions = {},
): Promise<Score> {
  const { names, classes } = state.meta.target;
  const predictor: Predictor = {
    type: estimator.type,
    classes: classes ?? undefined,
    predict: () => estimator.predict(state, X, context),
    predictProba: () => probabilities(estimator, state, X, context),
  };
  return scorePredictor(predictor, matchTargets(y, names), options);
}

/**
 * Compares what a model predicts with the true labels. Of several targets: the mean of their scores.
 *
 * @throws InvalidData, InvalidOptions as {@link score}.
 */
export async function scorePredictor(
  predictor: Predictor,
  y: DataFrame,
  { scoring }: ScoreOptions = {},
): Promise<Score> {
  const metric = scoring ?? (predictor.type === 'classifier' ? 'accuracy' : 'r2');
  const value = await compute(scorerOf(metric, predictor.type), predictor, y);
  return { metric, value };
}

async function compute(scorer: Scorer, predictor: Predictor, y: DataFrame): Promise<number> {
  switch (scorer.of) {
    case 'labels': {
      const predicted = await predictor.predict();
      const truth = readLabels(predicted, y).labels;
      return scorer.compute(truth, readLabels(y, predicted).labels);
    }
    case 'probabilities': {
      const predicted = await predictor.predictProba();
      const columns = [...predicted.columns].map(([name, column]) => toFloat64Array(column, name));
      return scorer.compute(readLabels(predicted, y).labels, columns, predictor.classes);
    }
    case 'numbers':
      return meanScore(scorer, y, await predictor.predict());
  }
}

function meanScore(scorer: Extract<Scorer, { of: 'numbers' }>, y: DataFrame, predicted: DataFrame): number {
  const pairs = pairedNumbers(y, predicted);
  return pairs.reduce((sum, { truth, answers }) => sum + scorer.compute(truth, answers), 0) / pairs.length;
}

function probabilities(
  estimator: Estimator,
  state: ModelState,
  X: DataFrame,
  context: FitContext,
): Promise<DataFrame> {
  if (estimator.predictProba) return estimator.predictProba(state, X, context);
  throw new OperationNotSupported(`${estimator.name} predicts no probabilities: ask for a score of labels`);
}
