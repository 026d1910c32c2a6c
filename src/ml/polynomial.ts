/** Polynomials in one variable. */
import { z } from 'zod';
import { InvalidData } from '../errors.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import type { Curve } from './curve.ts';
import { leastSquares } from './least-squares.ts';
import { polynomialFormula } from './onnx-export/curves.ts';

/**
 * A variable as polynomials take it: (x - shift) / scale. That keeps powers near 1, and so the fit exact
 * where x is far from zero.
 */
export interface Scaling {
  readonly shift: number;
  readonly scale: number;
}

const polynomialOptions = z.strictObject({
  /** The highest power, or the list of powers. Default 2. */
  degree: z.union([z.number().int().min(0), z.array(z.number()).min(1)]).default(2),
  /** Whether the power 0 is left out; of no effect on a list of powers. Default false. */
  interceptAtZero: z.boolean().default(false),
});

type PolynomialOptions = z.infer<typeof polynomialOptions>;

/** Parameters: shift, scale, then the coefficient of each power of the scaled variable. */
export const polynomial: Curve<PolynomialOptions> = {
  name: 'PolynomialRegression',
  schema: polynomialOptions,
  width: 1,
  fit: async ({ x, y, xName }, options, context) => {
    const powers = powersOf(options);
    const others = powers.filter((power) => power !== 0);
    const { shift, scale } = isComplete(powers) ? centred(x) : { shift: 0, scale: largest(x) };
    const columns = others.map((power) => powerColumn(x, { shift, scale }, power));
    if (!columns.every((column) => column.every(Number.isFinite))) {
      throw new InvalidData(
        `column '${xName}' has values of which a power is no finite number: drop zeros and negative numbers, or choose other powers than ${powers.join(', ')}`,
      );
    }
    const intercept = others.length < powers.length;
    const { weights, intercepts } = await leastSquares(
      { features: columns, targets: [y] },
      { intercept },
      context,
    );
    const weightOf = (power: number) => (power === 0 ? intercepts[0] : weights[others.indexOf(power)]) ?? 0;
    return [shift, scale, ...powers.map(weightOf)];
  },
  predictor: (params, options) => polynomialOf(params, powersOf(options)),
  formula: (graph, X, params, options) => polynomialFormula(graph, X, params, powersOf(options)),
  toModel: (params, options) => polynomialModel('polynomialRegression', params, powersOf(options)),
  fromFields: (fields) => {
    const parsed = polynomialFields.safeParse(fields);
    if (!parsed.success) return null;
    const { powers, coefficients } = parsed.data;
    return { options: { degree: powers, interceptAtZero: false }, params: [0, 1, ...coefficients] };
  },
};

/** What an instance of a polynomial has. */
export const polynomialFields = z.object({
  powers: z.array(z.number()).min(1),
  coefficients: z.array(z.number()).min(1),
});

/** The function with these parameters (shift, scale, coefficients) and powers. */
export function polynomialOf(
  [shift = 0, scale = 1, ...coefficients]: Float64Array,
  powers: readonly number[],
): (x: number) => number {
  return (x) => {
    const t = (x - shift) / scale;
    let y = 0;
    for (let i = 0; i < powers.length; i += 1) y += (coefficients[i] as number) * t ** (powers[i] as number);
    return y;
  };
}

/** What the library's `load` takes: the coefficients of x itself. */
export function polynomialModel(
  name: string,
  [shift = 0, scale = 1, ...coefficients]: Float64Array,
  powers: readonly number[],
): object {
  const unscaled =
    shift === 0
      ? powers.map((power, i) => (coefficients[i] ?? 0) / scale ** power)
      : expand(coefficients, { shift, scale });
  return { name, degree: Math.max(...powers), powers, coefficients: unscaled };
}

/** The coefficients of x⁰, x¹, … from those of the powers 0, 1, … of the scaled variable. */
export function expand(coefficients: readonly number[], { shift, scale }: Scaling): number[] {
  const expanded = coefficients.map(() => 0);
  let power = [1];
  for (const coefficient of coefficients) {
    power.forEach((value, i) => {
      expanded[i] = (expanded[i] ?? 0) + coefficient * value;
    });
    power = [...power, 0].map((value, i) => ((power[i - 1] ?? 0) - value * shift) / scale);
  }
  return expanded;
}

/** Around the mean, by the largest distance from it. */
export function centred(x: Float64Array): Scaling {
  const shift = x.reduce((sum, value) => sum + value, 0) / x.length;
  return { shift, scale: largest(x.map((value) => value - shift)) };
}

/** The powers of a scaled variable as a column. */
export function powerColumn(x: Float64Array, { shift, scale }: Scaling, power: number): Float64Array {
  const column = allocateFloat64(x.length);
  for (let row = 0; row < x.length; row += 1) column[row] = (((x[row] as number) - shift) / scale) ** power;
  return column;
}

function powersOf({ degree, interceptAtZero }: PolynomialOptions): number[] {
  if (typeof degree !== 'number') return degree;
  const powers = Array.from({ length: degree + 1 }, (_, power) => power);
  return interceptAtZero && degree > 0 ? powers.slice(1) : powers;
}

/** Only with all powers below the highest is a polynomial in x - shift one in x. */
function isComplete(powers: readonly number[]): boolean {
  return powers.every((power, i) => power === i);
}

/** The largest absolute value; 1 if all are zero. */
function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
}
