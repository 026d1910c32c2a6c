/** The curves of ml-regression that a straight line fits, after a change of variables. */
import { z } from 'zod';
import { InvalidData } from '../errors.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import { type Curve, requirePositive } from './curve.ts';
import type { FitContext } from './estimator.ts';
import { leastSquares } from './least-squares.ts';
import { exponentialFormula, lineFormula, powerFormula } from './onnx-export/curves.ts';

const noOptions = z.strictObject({});
type NoOptions = z.infer<typeof noOptions>;

/** y = intercept + slope · x. Parameters: intercept, slope. */
export const simpleLinear: Curve<NoOptions> = {
  name: 'SimpleLinearRegression',
  schema: noOptions,
  width: 1,
  fit: ({ x, y }, _options, context) => fitLine(x, y, context),
  predictor: line,
  formula: lineFormula,
  toModel: ([intercept, slope]) => ({ name: 'simpleLinearRegression', intercept, slope }),
  fromFields: ({ intercept, slope }) => paramsOf([intercept, slope]),
};

/** y = e^(intercept + slope·x), by a line through the logarithms of y. Parameters: intercept, slope. */
export const exponential: Curve<NoOptions> = {
  name: 'ExponentialRegression',
  schema: noOptions,
  width: 1,
  fit: ({ x, y, yName }, _options, context) => {
    requirePositive('ExponentialRegression', y, yName);
    return fitLine(x, logarithms(y), context);
  },
  predictor: (params) => {
    const exponent = line(params);
    return (x) => Math.exp(exponent(x));
  },
  formula: exponentialFormula,
  toModel: ([intercept = 0, slope]) => ({ name: 'exponentialRegression', A: slope, B: Math.exp(intercept) }),
  fromFields: ({ A, B }) => paramsOf([typeof B === 'number' && B > 0 ? Math.log(B) : null, A]),
};

/** y = A · x^B, by a line through the logarithms of both. Parameters: A, B. */
export const power: Curve<NoOptions> = {
  name: 'PowerRegression',
  schema: noOptions,
  width: 1,
  fit: async ({ x, y, xName, yName }, _options, context) => {
    requirePositive('PowerRegression', x, xName);
    requirePositive('PowerRegression', y, yName);
    const [intercept, slope] = await fitLine(logarithms(x), logarithms(y), context);
    // A factor that rounds to zero would predict nothing else.
    return [Math.exp(intercept) || Number.NaN, slope];
  },
  predictor:
    ([A = 0, B = 0]) =>
    (x) =>
      A * x ** B,
  formula: powerFormula,
  toModel: ([A, B]) => ({ name: 'powerRegression', A, B }),
  fromFields: ({ A, B }) => paramsOf([A, B]),
};

const potentialOptions = z.strictObject({
  /** The exponent. Default 1: a line through the origin. */
  M: z.number().default(1),
});

/** y = A · x^M with M given. Parameter: A. */
export const potential: Curve<z.infer<typeof potentialOptions>> = {
  name: 'PotentialRegression',
  schema: potentialOptions,
  width: 1,
  fit: async ({ x, y, xName }, { M }, context) => {
    const powers = mapShared(x, (value) => value ** M);
    if (!powers.every(Number.isFinite)) {
      throw new InvalidData(
        `column '${xName}' has values whose power ${M} is no finite number: drop zeros and negative numbers, or choose another M`,
      );
    }
    const { weights } = await leastSquares(
      { features: [powers], targets: [y] },
      { intercept: false },
      context,
    );
    return [...weights];
  },
  predictor:
    ([A = 0], { M }) =>
    (x) =>
      A * x ** M,
  formula: (graph, X, [A = 0], { M }) => powerFormula(graph, X, [A, M]),
  toModel: ([A], { M }) => ({ name: 'potentialRegression', A, M }),
  fromFields: ({ A, M }) => {
    return typeof A === 'number' && typeof M === 'number' ? { options: { M }, params: [A] } : null;
  },
};

/** Parameters: intercept, slope. */
export function line([intercept = 0, slope = 0]: Float64Array): (x: number) => number {
  return (x) => intercept + slope * x;
}

function paramsOf(values: readonly unknown[]): { options: NoOptions; params: readonly number[] } | null {
  const params = values.filter((value) => typeof value === 'number');
  return params.length === values.length ? { options: {}, params } : null;
}

/** Intercept and slope. */
async function fitLine(x: Float64Array, y: Float64Array, context: FitContext): Promise<[number, number]> {
  const { weights, intercepts } = await leastSquares(
    { features: [x], targets: [y] },
    { intercept: true },
    context,
  );
  return [intercepts[0] ?? 0, weights[0] ?? 0];
}

function logarithms(values: Float64Array): Float64Array {
  return mapShared(values, Math.log);
}

function mapShared(values: Float64Array, change: (value: number) => number): Float64Array {
  const changed = allocateFloat64(values.length);
  for (let row = 0; row < values.length; row += 1) changed[row] = change(values[row] as number);
  return changed;
}
