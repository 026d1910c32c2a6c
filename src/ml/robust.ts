/** Regressions that outliers do not disturb. Work and memory are bounded, whatever the number of rows. */
import { z } from 'zod';
import type { Kernel } from '../contract/threads.ts';
import { InvalidData } from '../errors.ts';
import type { Curve } from './curve.ts';
import { line } from './curves.ts';
import { lineFormula, polynomialFormula } from './onnx-export/curves.ts';
import { centred, polynomialFields, polynomialModel, polynomialOf } from './polynomial.ts';
import { createRandom, type Random } from './random.ts';

const theilSenOptions = z.strictObject({
  /** So many pairs of rows are looked at; if there are more, drawn at random. Default 1,000,000. */
  maxPairs: z.number().int().min(1).max(50_000_000).default(1_000_000),
  /** A 32-bit integer. Default 42. */
  seed: z.number().int().default(42),
});

type TheilSenOptions = z.infer<typeof theilSenOptions>;

/** The median slope of all pairs of points. Parameters: intercept, slope. */
export const theilSen: Curve<TheilSenOptions> = {
  name: 'TheilSenRegression',
  schema: theilSenOptions,
  width: 1,
  fit: ({ x, y }, options, { threads, signal }) => {
    return threads.run(theilSenKernel, { x, y, options }, signal);
  },
  predictor: line,
  formula: lineFormula,
  toModel: ([intercept = 0, slope = 0]) => {
    return { name: 'TheilSenRegression', intercept, slope, coefficients: [intercept, slope] };
  },
  fromFields: ({ intercept, slope }) => {
    if (typeof intercept !== 'number' || typeof slope !== 'number') return null;
    return { options: theilSenOptions.parse({}), params: [intercept, slope] };
  },
};

const robustOptions = z.strictObject({
  /** The number of coefficients: the highest power plus one, as in ml-regression. Default 2: a line. */
  degree: z.number().int().min(1).max(20).default(2),
  /** A 32-bit integer. Default 42. */
  seed: z.number().int().default(42),
});

type RobustOptions = z.infer<typeof robustOptions>;

/** The polynomial through some of the points whose median squared residual is least. Parameters as of a polynomial. */
export const robustPolynomial: Curve<RobustOptions> = {
  name: 'RobustPolynomialRegression',
  schema: robustOptions,
  width: 1,
  fit: ({ x, y }, options, { threads, signal }) => {
    return threads.run(robustPolynomialKernel, { x, y, options }, signal);
  },
  predictor: (params, { degree }) => polynomialOf(params, powersOf(degree)),
  formula: (graph, X, params, { degree }) => polynomialFormula(graph, X, params, powersOf(degree)),
  toModel: (params, { degree }) => {
    return { ...polynomialModel('robustPolynomialRegression', params, powersOf(degree)), degree };
  },
  fromFields: (fields) => {
    const parsed = polynomialFields.safeParse(fields);
    if (!parsed.success) return null;
    const { coefficients } = parsed.data;
    return { options: robustOptions.parse({ degree: coefficients.length }), params: [0, 1, ...coefficients] };
  },
};

interface RobustInput<Options> {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly options: Options;
}

export const theilSenKernel: Kernel<RobustInput<TheilSenOptions>, number[]> = {
  name: 'fit.TheilSenRegression',
  run: ({ x, y, options }) => {
    const slope = median(slopes(x, y, options));
    return [median(y.map((value, row) => value - slope * (x[row] as number))), slope];
  },
};

export const robustPolynomialKernel: Kernel<RobustInput<RobustOptions>, number[]> = {
  name: 'fit.RobustPolynomialRegression',
  run: fitRobustPolynomial,
};

function slopes(x: Float64Array, y: Float64Array, { maxPairs, seed }: TheilSenOptions): Float64Array {
  const pairCount = (x.length * (x.length - 1)) / 2;
  const found = new Float64Array(Math.min(pairCount, maxPairs));
  let count = 0;
  for (const [i, j] of pairCount <= maxPairs ? allPairs(x.length) : drawnPairs(x.length, maxPairs, seed)) {
    const run = (x[j] as number) - (x[i] as number);
    if (run === 0) continue;
    found[count] = ((y[j] as number) - (y[i] as number)) / run;
    count += 1;
  }
  if (count > 0) return found.subarray(0, count);
  throw new InvalidData(
    'all rows of X have the same value, or nearly all: a TheilSenRegression needs at least two; choose another column',
  );
}

function* allPairs(rowCount: number): Generator<[number, number]> {
  for (let i = 0; i < rowCount; i += 1) {
    for (let j = i + 1; j < rowCount; j += 1) yield [i, j];
  }
}

function* drawnPairs(rowCount: number, pairCount: number, seed: number): Generator<[number, number]> {
  const random = createRandom(seed, 0);
  for (let drawn = 0; drawn < pairCount; drawn += 1) yield [random.below(rowCount), random.below(rowCount)];
}

/** So many polynomials are tried, and judged by so many rows. */
const MAX_TRIALS = 500;
const MAX_JUDGES = 10_000;

function fitRobustPolynomial({ x, y, options: { degree, seed } }: RobustInput<RobustOptions>): number[] {
  const random = createRandom(seed, 0);
  const { shift, scale } = centred(x);
  const t = x.map((value) => (value - shift) / scale);
  const candidates = distinctRows(t, degree);
  const step = Math.ceil(x.length / MAX_JUDGES);
  const judges = Array.from({ length: Math.ceil(x.length / step) }, (_, i) => i * step);
  let best = [Number.NaN];
  let least = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial < MAX_TRIALS; trial += 1) {
    const rows = drawDistinct(candidates, degree, random);
    const coefficients = interpolate(valuesAt(t, rows), valuesAt(y, rows));
    const predict = polynomialOf(Float64Array.of(0, 1, ...coefficients), powersOf(degree));
    const residuals = judges.map((row) => ((y[row] as number) - predict(t[row] as number)) ** 2);
    const residual = median(Float64Array.from(residuals));
    if (residual >= least) continue;
    least = residual;
    best = coefficients;
  }
  return [shift, scale, ...best];
}

function valuesAt(values: Float64Array, rows: readonly number[]): number[] {
  return rows.map((row) => values[row] as number);
}

/** So many of the given rows. */
function drawDistinct(rows: readonly number[], count: number, random: Random): number[] {
  const drawn = new Set<number>();
  while (drawn.size < count) drawn.add(rows[random.below(rows.length)] as number);
  return [...drawn];
}

/** One row for each value of t, of which there must be `count`. */
function distinctRows(t: Float64Array, count: number): number[] {
  const rowOf = new Map<number, number>();
  t.forEach((value, row) => {
    rowOf.set(value, row);
  });
  if (rowOf.size >= count) return [...rowOf.values()];
  throw new InvalidData(
    `X has ${rowOf.size} different values and a RobustPolynomialRegression of degree ${count} needs ${count}: lower the degree, or give more rows`,
  );
}

/** The coefficients of the polynomial through these points, by Newton's divided differences. */
function interpolate(t: readonly number[], y: readonly number[]): number[] {
  let differences = [...y];
  let basis = [1];
  const coefficients = t.map(() => 0);
  for (let order = 0; order < t.length; order += 1) {
    const [leading = 0] = differences;
    basis.forEach((value, i) => {
      coefficients[i] = (coefficients[i] ?? 0) + leading * value;
    });
    const node = t[order] ?? 0;
    basis = [...basis, 0].map((value, i) => (basis[i - 1] ?? 0) - value * node);
    differences = differences.slice(1).map((value, i) => {
      return (value - (differences[i] ?? 0)) / ((t[i + order + 1] ?? 0) - (t[i] ?? 0));
    });
  }
  return coefficients;
}

function powersOf(degree: number): number[] {
  return Array.from({ length: degree }, (_, power) => power);
}

/** Sorts a copy. */
function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
