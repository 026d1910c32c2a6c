/** Linear functions of encoded features, as the estimators of this package show them to users. */
import { z } from 'zod';
import { NotFitted } from '../errors.ts';
import type { LinearFit } from './least-squares.ts';
import { float64Array, type ModelState } from './state.ts';

/** As scikit-learn's `coef_` and `intercept_`. */
export interface LinearFunction {
  /** A row for each target, with a number for each feature. */
  readonly coefficients: readonly (readonly number[])[];
  /** A number for each target. */
  readonly intercepts: readonly number[];
}

const schema = z.object({
  coefficients: z.array(z.array(z.number())).min(1),
  intercepts: z.array(z.number()).min(1),
});

export function linearFunctionOf(state: ModelState): LinearFunction {
  const weights = float64Array(state, 'weights');
  const intercepts = [...float64Array(state, 'intercepts')];
  const width = weights.length / intercepts.length;
  return {
    coefficients: intercepts.map((_, j) => [...weights.subarray(j * width, (j + 1) * width)]),
    intercepts,
  };
}

/** Null if it is of another form. */
export function readLinearFunction(value: unknown): LinearFit | null {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return null;
  const { coefficients, intercepts } = parsed.data;
  const isEven = coefficients.every(({ length }) => length === coefficients[0]?.length);
  if (!isEven || coefficients.length !== intercepts.length) return null;
  return { weights: Float64Array.from(coefficients.flat()), intercepts: Float64Array.from(intercepts) };
}

/** The value of each target, row by row. @throws NotFitted */
export function applyLinear(
  estimator: string,
  fitted: LinearFunction | null,
  rows: readonly ArrayLike<number>[],
): number[][] {
  if (!fitted)
    throw new NotFitted(`this ${estimator} is not fitted: put it into om.models, and fit it there`);
  return rows.map((row) =>
    fitted.coefficients.map((coefficients, j) => {
      return coefficients.reduce(
        (sum, weight, i) => sum + weight * (row[i] as number),
        fitted.intercepts[j] ?? 0,
      );
    }),
  );
}
