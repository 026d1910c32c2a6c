/** Scores of predicted numbers, equal to those of `sklearn.metrics`. All throw InvalidData when there are no rows, or not as many on both sides. */
import { InvalidData } from '../../errors.ts';
import { r2Of, spreadOf } from './spread.ts';
import { sumOver } from './sum.ts';

/** R²; of a constant truth and of one row see {@link r2Of}. */
export function r2Score(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  requirePairs(truth, predicted);
  return r2Of(spreadOf(truth, predicted));
}

/** The mean of |error|. */
export function meanAbsoluteError(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return meanOf(truth, predicted, Math.abs);
}

/** The mean of error². */
export function meanSquaredError(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return meanOf(truth, predicted, (error) => error * error);
}

/** The root of the mean of error². */
export function rootMeanSquaredError(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return Math.sqrt(meanSquaredError(truth, predicted));
}

/** The mean of |error / truth|: 0.1 is ten percent. A truth of 0 counts as the machine's precision. */
export function meanAbsolutePercentageError(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return meanOf(truth, predicted, (error, actual) => {
    return Math.abs(error) / Math.max(Math.abs(actual), Number.EPSILON);
  });
}

function meanOf(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  measure: (error: number, actual: number) => number,
): number {
  requirePairs(truth, predicted);
  const sum = sumOver(truth.length, (row) => measure(errorAt(truth, predicted, row), truth[row] as number));
  return sum / truth.length;
}

function errorAt(truth: ArrayLike<number>, predicted: ArrayLike<number>, row: number): number {
  return (truth[row] as number) - (predicted[row] as number);
}

function requirePairs(truth: ArrayLike<number>, predicted: ArrayLike<number>): void {
  if (truth.length === 0) throw new InvalidData('there are no numbers to score: give at least one row');
  if (truth.length === predicted.length) return;
  throw new InvalidData(
    `there are ${truth.length} numbers and ${predicted.length} predictions: give one prediction for each row`,
  );
}
