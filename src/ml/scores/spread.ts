/** What R² needs to know of numbers and their predictions: of rows that come in parts it can be merged. */
import { sumOver } from './sum.ts';

export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** Σ (value - mean)². */
  readonly total: number;
  /** Σ (value - prediction)². */
  readonly residual: number;
}

/** Of no rows, for the first {@link mergeSpreads}. */
export const NO_SPREAD: Spread = { count: 0, mean: 0, total: 0, residual: 0 };

export function spreadOf(truth: ArrayLike<number>, predicted: ArrayLike<number>): Spread {
  const count = truth.length;
  const mean = sumOver(count, (row) => truth[row] as number) / count;
  return {
    ...{ count, mean },
    total: sumOver(count, (row) => ((truth[row] as number) - mean) ** 2),
    residual: sumOver(count, (row) => ((truth[row] as number) - (predicted[row] as number)) ** 2),
  };
}

/** Of the rows of both, by Chan, Golub and LeVeque 1979. */
export function mergeSpreads(a: Spread, b: Spread): Spread {
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

/**
 * 1 - residual / total sum of squares. Of a constant truth: 1 if every prediction is right, else 0. Of one row: NaN, as in
 * scikit-learn.
 */
export function r2Of({ count, total, residual }: Spread): number {
  if (count < 2) return Number.NaN;
  if (total === 0) return residual === 0 ? 1 : 0;
  return 1 - residual / total;
}
