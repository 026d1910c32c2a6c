/**
 * Scores of predicted labels, equal to those of `sklearn.metrics`. Labels are strings, numbers or booleans;
 * false is 0 and true is 1, as in Python.
 */
import { InvalidData, InvalidOptions } from '../../errors.ts';
import type { Label } from '../state.ts';

/** How many rows of each true label were predicted as each label. */
export interface ConfusionMatrix {
  /** All labels that occur on either side, ascending. */
  readonly labels: readonly (string | number)[];
  /** Row i, column j: rows of label i that were predicted as label j. */
  readonly counts: readonly (readonly number[])[];
}

/** What precision, recall and F1 are of. */
export interface AverageOptions {
  /**
   * `binary`: of one label of two. `macro`: the mean of all labels. `weighted`: their mean by how often they
   * are true. `micro`: of all rows together. Default `binary`.
   */
  readonly average?: 'binary' | 'macro' | 'micro' | 'weighted';
  /** The label that `binary` counts. Default 1. */
  readonly positive?: Label;
}

/** @throws InvalidData when there are no rows, not as many on both sides, or labels of different types. */
export function confusionMatrix(truth: ArrayLike<Label>, predicted: ArrayLike<Label>): ConfusionMatrix {
  const [rows, answers] = [comparable(truth), comparable(predicted)];
  requirePairs(rows, answers);
  const labels = [...new Set([...rows, ...answers])].sort(ascending);
  const position = new Map(labels.map((label, i) => [label, i]));
  const counts = labels.map(() => labels.map(() => 0));
  rows.forEach((label, row) => {
    const ofLabel = counts[position.get(label) ?? 0] ?? [];
    const column = position.get(answers[row] ?? label) ?? 0;
    ofLabel[column] = (ofLabel[column] ?? 0) + 1;
  });
  return { labels, counts };
}

/** The share of right labels. @throws InvalidData as {@link confusionMatrix}. */
export function accuracyScore(truth: ArrayLike<Label>, predicted: ArrayLike<Label>): number {
  const tallies = talliesOf(confusionMatrix(truth, predicted));
  return total(tallies, 'right') / total(tallies, 'actual');
}

/** The mean recall of the true labels. @throws InvalidData as {@link confusionMatrix}. */
export function balancedAccuracyScore(truth: ArrayLike<Label>, predicted: ArrayLike<Label>): number {
  const actual = talliesOf(confusionMatrix(truth, predicted)).filter((tally) => tally.actual > 0);
  return actual.reduce((sum, tally) => sum + tally.right / tally.actual, 0) / actual.length;
}

/**
 * Of the rows predicted as a label, the share that are; 0 where none is predicted so.
 *
 * @throws InvalidOptions when `binary` is asked of other than two labels, InvalidData as {@link confusionMatrix}.
 */
export function precisionScore(
  truth: ArrayLike<Label>,
  predicted: ArrayLike<Label>,
  options: AverageOptions = {},
): number {
  return averaged(truth, predicted, options, ({ right, predicted: all }) => share(right, all));
}

/** Of the rows of a label, the share predicted so; 0 where there are none. @throws as {@link precisionScore}. */
export function recallScore(
  truth: ArrayLike<Label>,
  predicted: ArrayLike<Label>,
  options: AverageOptions = {},
): number {
  return averaged(truth, predicted, options, ({ right, actual }) => share(right, actual));
}

/** The harmonic mean of precision and recall. @throws as {@link precisionScore}. */
export function f1Score(
  truth: ArrayLike<Label>,
  predicted: ArrayLike<Label>,
  options: AverageOptions = {},
): number {
  return averaged(truth, predicted, options, (tally) =>
    share(2 * tally.right, tally.actual + tally.predicted),
  );
}

/** False is 0 and true is 1, as in Python. */
export function comparable(labels: ArrayLike<Label>): (string | number)[] {
  return Array.from(labels, (label) => (typeof label === 'string' ? label : Number(label)));
}

export function ascending(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** What became of one label: rows of it, rows predicted as it, and rows that are both. */
interface Tally {
  readonly label: string | number;
  readonly actual: number;
  readonly predicted: number;
  readonly right: number;
}

function talliesOf({ labels, counts }: ConfusionMatrix): Tally[] {
  return labels.map((label, i) => ({
    label,
    actual: counts[i]?.reduce((sum, count) => sum + count, 0) ?? 0,
    predicted: counts.reduce((sum, row) => sum + (row[i] ?? 0), 0),
    right: counts[i]?.[i] ?? 0,
  }));
}

function averaged(
  truth: ArrayLike<Label>,
  predicted: ArrayLike<Label>,
  { average = 'binary', positive = 1 }: AverageOptions,
  scoreOf: (tally: Omit<Tally, 'label'>) => number,
): number {
  const tallies = talliesOf(confusionMatrix(truth, predicted));
  switch (average) {
    case 'binary':
      return scoreOf(positiveTally(tallies, positive));
    case 'macro':
      return tallies.reduce((sum, tally) => sum + scoreOf(tally), 0) / tallies.length;
    case 'weighted':
      return (
        tallies.reduce((sum, tally) => sum + scoreOf(tally) * tally.actual, 0) / total(tallies, 'actual')
      );
    case 'micro': {
      const sum = (key: 'actual' | 'predicted' | 'right') => total(tallies, key);
      return scoreOf({ actual: sum('actual'), predicted: sum('predicted'), right: sum('right') });
    }
  }
}

function positiveTally(tallies: readonly Tally[], positive: Label): Omit<Tally, 'label'> {
  const labels = tallies.map(({ label }) => label).join(', ');
  if (tallies.length > 2) {
    throw new InvalidOptions(
      `a binary score is of two labels, and there are ${tallies.length} (${labels}): ask for the average macro, micro or weighted`,
    );
  }
  const [wanted] = comparable([positive]);
  const found = tallies.find(({ label }) => label === wanted);
  if (found) return found;
  // One label on both sides, and it is the other one: nothing of this one was there to find.
  if (tallies.length < 2 && typeof tallies[0]?.label === typeof wanted) {
    return { actual: 0, predicted: 0, right: 0 };
  }
  throw new InvalidOptions(
    `a binary score counts the label ${positive}, and the labels are ${labels}: name the positive one, or ask for the average macro, micro or weighted`,
  );
}

function total(tallies: readonly Tally[], key: 'actual' | 'predicted' | 'right'): number {
  return tallies.reduce((sum, tally) => sum + tally[key], 0);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function requirePairs(truth: readonly (string | number)[], predicted: readonly (string | number)[]): void {
  if (truth.length === 0) throw new InvalidData('there are no labels to score: give at least one row');
  if (truth.length !== predicted.length) {
    throw new InvalidData(
      `there are ${truth.length} labels and ${predicted.length} predictions: give one prediction for each row`,
    );
  }
  const types = new Set([...truth, ...predicted].map((label) => typeof label));
  if (types.size === 1) return;
  throw new InvalidData(
    `y has labels such as ${truth[0]} and the model predicts labels such as ${predicted[0]}: give labels of the same type as in the fit`,
  );
}
