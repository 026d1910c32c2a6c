/** Scores of rows that are never in memory all at once: what a score needs to know of them is summed up. */
import type { DataFrame } from '../../frame/data-frame.ts';
import { numericTarget, readLabels } from '../target.ts';
import { sumOver } from './sum.ts';

export interface RunningScore {
  /** Adds rows with their predictions. @throws InvalidData */
  add(y: DataFrame, predicted: DataFrame): void;
  /** Of all rows so far; NaN for none. */
  readonly value: number;
}

/** The share of labels that are predicted. */
export function runningAccuracy(): RunningScore {
  let [right, count] = [0, 0];
  return {
    add(y, predicted) {
      const { labels } = readLabels(predicted, y);
      const answers = readLabels(y, predicted).labels;
      right += labels.filter((label, row) => label === answers[row]).length;
      count += labels.length;
    },
    get value() {
      return right / count;
    },
  };
}

/** R², of several targets the mean. Equal to that of all rows at once, up to rounding. */
export function runningR2(): RunningScore {
  const targets: Spread[] = [];
  return {
    add(y, predicted) {
      const truth = numericTarget(predicted, y, 'any').values;
      const answers = numericTarget(y, predicted, 'any').values;
      truth.forEach((values, i) => {
        const known = targets[i] ?? { count: 0, mean: 0, total: 0, residual: 0 };
        targets[i] = merge(known, spreadOf(values, answers[i] ?? values));
      });
    },
    get value() {
      return targets.reduce((sum, spread) => sum + r2Of(spread), 0) / targets.length;
    },
  };
}

/** What R² needs to know of numbers and their predictions. */
interface Spread {
  readonly count: number;
  readonly mean: number;
  /** Σ (value - mean)². */
  readonly total: number;
  /** Σ (value - prediction)². */
  readonly residual: number;
}

function spreadOf(values: Float64Array, predicted: Float64Array): Spread {
  const count = values.length;
  const mean = sumOver(count, (row) => values[row] as number) / count;
  return {
    ...{ count, mean },
    total: sumOver(count, (row) => ((values[row] as number) - mean) ** 2),
    residual: sumOver(count, (row) => ((values[row] as number) - (predicted[row] as number)) ** 2),
  };
}

/** By Chan, Golub and LeVeque 1979. */
function merge(a: Spread, b: Spread): Spread {
  const count = a.count + b.count;
  if (count === 0) return a;
  const delta = b.mean - a.mean;
  return {
    count,
    mean: a.mean + (delta * b.count) / count,
    total: a.total + b.total + (delta * delta * a.count * b.count) / count,
    residual: a.residual + b.residual,
  };
}

/** As {@link r2Score} of regression.ts. */
function r2Of({ count, total, residual }: Spread): number {
  if (count < 2) return Number.NaN;
  if (total === 0) return residual === 0 ? 1 : 0;
  return 1 - residual / total;
}
