/** Scores, as scikit-learn's `score` gives them. */
import { InvalidData } from '../errors.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { Estimator, FitContext } from './estimator.ts';
import type { Label, ModelState } from './state.ts';
import { numericTarget, readLabels } from './target.ts';

/** How well a model predicts given labels. */
export interface Score {
  readonly metric: 'accuracy' | 'r2';
  readonly value: number;
}

/**
 * A classifier's share of right labels; a regression's R², the mean of its targets.
 *
 * @throws InvalidData when X or y do not suit the model, or there are no rows.
 */
export async function score(
  estimator: Estimator,
  state: ModelState,
  X: DataFrame,
  y: DataFrame,
  context: FitContext,
): Promise<Score> {
  const truth = matchTargets(y, state.meta.target.names);
  const predicted = await estimator.predict(state, X, context);
  return scorePrediction(estimator.type, truth, predicted);
}

/** Scores a prediction against the true labels, column by column. @throws InvalidData */
export function scorePrediction(type: Estimator['type'], y: DataFrame, predicted: DataFrame): Score {
  if (type === 'classifier') return { metric: 'accuracy', value: accuracy(y, predicted) };
  const truth = numericTarget(predicted, y, 'any').values;
  const answers = numericTarget(y, predicted, 'any').values;
  if (truth.length !== answers.length) {
    throw new InvalidData(
      `y has ${truth.length} columns and the model predicts ${answers.length}: give the columns it was fitted to`,
    );
  }
  const scores = truth.map((values, i) => r2(values, answers[i] ?? values));
  return { metric: 'r2', value: scores.reduce((sum, value) => sum + value, 0) / scores.length };
}

/** The columns of y in the order of the targets: by name, or by position where either side came without names. */
function matchTargets(y: DataFrame, names: readonly string[]): DataFrame {
  if (names.length < 2 || y.columns.size !== names.length) return y;
  if (names.every((name) => y.columns.has(name))) return y.select(names);
  if (isNumbered(names) || isNumbered(y.columnNames)) return y;
  throw new InvalidData(
    `y has the columns ${y.columnNames.join(', ')} and the model predicts ${names.join(', ')}: give those it was fitted to, for example as name[${names.join(',')}]`,
  );
}

/** Whether columns are named `0`, `1`, … as lists and arrays name them. */
function isNumbered(names: readonly string[]): boolean {
  return names.every((name, position) => name === String(position));
}

function accuracy(y: DataFrame, predicted: DataFrame): number {
  const { labels, name } = readLabels(predicted, y);
  const answers = readLabels(y, predicted).labels;
  if ((typeof labels[0] === 'string') !== (typeof answers[0] === 'string')) {
    throw new InvalidData(
      `column '${name}' of y has labels such as ${labels[0]} and the model predicts labels such as ${answers[0]}: give labels of the same type as in the fit`,
    );
  }
  const right = labels.filter((label, row) => comparable(label) === comparable(answers[row] ?? label)).length;
  return right / labels.length;
}

/** False is 0 and true is 1, as in Python. */
function comparable(label: Label): string | number {
  return typeof label === 'string' ? label : Number(label);
}

/** 1 - residual / total sum of squares. Constant truth: 1 if every answer is right, else 0. Of one row: NaN. */
function r2(truth: Float64Array, answers: Float64Array): number {
  if (truth.length < 2) return Number.NaN;
  const mean = truth.reduce((sum, value) => sum + value, 0) / truth.length;
  const residual = truth.reduce((sum, value, row) => sum + (value - (answers[row] as number)) ** 2, 0);
  const total = truth.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (total === 0) return residual === 0 ? 1 : 0;
  return 1 - residual / total;
}
