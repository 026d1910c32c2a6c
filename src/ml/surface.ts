/** Polynomials in two variables. */
import { z } from 'zod';
import { InvalidData } from '../errors.ts';
import type { Curve } from './curve.ts';
import { leastSquares } from './least-squares.ts';
import { surfaceFormula } from './onnx-export/curves.ts';
import { centred, expand, powerColumn } from './polynomial.ts';

const surfaceOptions = z.strictObject({
  /** Highest sum of both powers. Default 2. */
  order: z.number().int().min(0).default(2),
});

type SurfaceOptions = z.infer<typeof surfaceOptions>;

/**
 * Σ coefficient · t1^i · t2^j for i + j up to the order, of the scaled variables. Parameters: shift and
 * scale of the first, of the second, then the coefficients in the order of {@link termsOf}.
 */
export const surface: Curve<SurfaceOptions> = {
  name: 'PolynomialFitRegression2D',
  schema: surfaceOptions,
  width: 2,
  fit: async ({ x, x2, y }, { order }, context) => {
    const terms = termsOf(order);
    if (x.length < terms.length) {
      throw new InvalidData(
        `X has ${x.length} rows and a surface of order ${order} has ${terms.length} coefficients: give more rows, or lower the order`,
      );
    }
    const [first, second] = [centred(x), centred(x2)];
    const columns = terms.slice(1).map(([i, j]) => {
      const left = powerColumn(x, first, i);
      powerColumn(x2, second, j).forEach((value, row) => {
        left[row] = (left[row] as number) * value;
      });
      return left;
    });
    const { weights, intercepts } = await leastSquares(
      { features: columns, targets: [y] },
      { intercept: true },
      context,
    );
    return [first.shift, first.scale, second.shift, second.scale, ...intercepts, ...weights];
  },
  predictor: ([shift1 = 0, scale1 = 1, shift2 = 0, scale2 = 1, ...coefficients], { order }) => {
    const terms = termsOf(order);
    return (x, x2) => {
      const [t1, t2] = [(x - shift1) / scale1, (x2 - shift2) / scale2];
      return terms.reduce((sum, [i, j], k) => sum + (coefficients[k] as number) * t1 ** i * t2 ** j, 0);
    };
  },
  formula: (graph, X, params, { order }) => surfaceFormula(graph, X, params, termsOf(order)),
  toModel: (params, { order }) => ({ name: 'polyfit2D', order, coefficients: unscaled(params, order) }),
  fromFields: ({ order, coefficients }) => {
    const values: unknown = JSON.parse(JSON.stringify(coefficients ?? null));
    const parsed = instanceFields.safeParse({ order, coefficients: values });
    if (!parsed.success) return null;
    return {
      options: { order: parsed.data.order },
      params: [0, 1, 0, 1, ...parsed.data.coefficients.flat()],
    };
  },
};

const instanceFields = z.object({
  order: z.number(),
  coefficients: z.array(z.union([z.number(), z.array(z.number()).length(1)])),
});

/** Pairs of powers, in the library's order; (0, 0) is the first. */
function termsOf(order: number): [number, number][] {
  return Array.from({ length: order + 1 }, (_, i) => i).flatMap((i) => {
    return Array.from({ length: order + 1 - i }, (_, j): [number, number] => [i, j]);
  });
}

/** The coefficients of the variables themselves. */
function unscaled(params: Float64Array, order: number): number[] {
  const [shift1 = 0, scale1 = 1, shift2 = 0, scale2 = 1, ...coefficients] = params;
  const terms = termsOf(order);
  const sums = new Map<string, number>();
  terms.forEach(([i, j], k) => {
    const first = expand(unit(i), { shift: shift1, scale: scale1 });
    const second = expand(unit(j), { shift: shift2, scale: scale2 });
    first.forEach((a, p) => {
      second.forEach((b, q) => {
        sums.set(`${p},${q}`, (sums.get(`${p},${q}`) ?? 0) + (coefficients[k] ?? 0) * a * b);
      });
    });
  });
  return terms.map(([i, j]) => sums.get(`${i},${j}`) ?? 0);
}

/** The polynomial t^power. */
function unit(power: number): number[] {
  return [...Array.from({ length: power }, () => 0), 1];
}
