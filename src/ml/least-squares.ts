/** Linear least squares over shared columns, in threads. */
import { InvalidData } from '../errors.ts';
import { concatFloat64 } from './arrays.ts';
import { mapRows } from './chunks.ts';
import type { FitContext } from './estimator.ts';
import { momentsKernel, type RowMoments, residualsKernel } from './moments.ts';
import { factorize } from './normal-equations.ts';

/** What least squares found. */
export interface LinearFit {
  /** Of feature i for target j at `j * width + i`. */
  readonly weights: Float64Array;
  /** Of each target; zeros without intercept. */
  readonly intercepts: Float64Array;
}

/** A fit, and all that a later fit needs to know of its rows. */
interface LeastSquares extends LinearFit {
  readonly moments: RowMoments;
}

export interface LeastSquaresOptions {
  readonly intercept: boolean;
  /** The penalty on squared weights (ridge regression). Default 0. */
  readonly alpha?: number;
}

/** What is to be fitted: columns of as many rows. */
export interface Observations {
  readonly features: readonly Float64Array[];
  readonly targets: readonly Float64Array[];
  /** How much each row counts, on memory that threads see. Default: all the same. */
  readonly weights?: Float64Array | null;
}

/** Fixed, so that sums do not depend on the number of threads. */
const CHUNK_ROWS = 65_536;

/**
 * Weights that minimize the squared error: columns are centred, the normal equations solved, and the
 * solution corrected once by what it leaves over, which takes back most of what their rounding cost.
 * Dependent or constant features get the shortest weights, as in scikit-learn.
 *
 * @throws InvalidData when numbers are too large to be squared.
 */
export async function leastSquares(
  observations: Observations,
  { intercept, alpha = 0 }: LeastSquaresOptions,
  context: FitContext,
): Promise<LeastSquares> {
  const { features, targets, weights: rowWeights = null } = observations;
  const width = features.length;
  const moments = await rowMoments(observations, { intercept }, context);
  const solveAll = normalSolver(moments, width, alpha);
  const weights = solveAll(moments.cross);
  const input = { features, targets, shifts: moments.means, weights: rowWeights, coefficients: weights };
  const left = await mapRows(context, residualsKernel, rowCountOf(observations), CHUNK_ROWS, (rows) => {
    return { ...input, rows };
  });
  const rest = sumOf(left).map((product, i) => product - alpha * (weights[i] as number));
  const corrected = sumOf([weights, solveAll(rest)]);
  return { weights: corrected, intercepts: interceptsOf(corrected, moments.means, width), moments };
}

/** The same of rows of which only the moments are left, without the correction. */
export function solveMoments(moments: RowMoments, { alpha = 0 }: LeastSquaresOptions): LinearFit {
  const width = Math.sqrt(moments.gram.length);
  const weights = normalSolver(moments, width, alpha)(moments.cross);
  return { weights, intercepts: interceptsOf(weights, moments.means, width) };
}

/**
 * Centred on the columns' means, or on zero where there is to be no intercept. In one pass: columns are shifted by means
 * of some rows, and what that leaves is taken from the products (the corrected algorithm of Chan, Golub and LeVeque 1983).
 *
 * @throws InvalidData when numbers are too large to be squared.
 */
export async function rowMoments(
  observations: Observations,
  { intercept }: { readonly intercept: boolean },
  context: FitContext,
): Promise<RowMoments> {
  const { features, targets, weights = null } = observations;
  const width = features.length;
  const columns = [...features, ...targets];
  const shifts = intercept ? sampleMeans(columns, weights) : new Float64Array(columns.length);
  const parts = await mapRows(context, momentsKernel, rowCountOf(observations), CHUNK_ROWS, (rows) => {
    return { features, targets, shifts, weights, rows };
  });
  const rowCount = parts.reduce((sum, part) => sum + part.rowCount, 0);
  const gram = sumOf(parts.map((part) => part.gram));
  const cross = sumOf(parts.map((part) => part.cross));
  if (![...gram, ...cross].every(Number.isFinite)) {
    throw new InvalidData('the squares of X or y go beyond the range of doubles: scale the columns down');
  }
  if (!intercept) return { rowCount, means: shifts, gram, cross };
  const rest = sumOf(parts.map((part) => part.sums)).map((sum) => sum / rowCount);
  const taken = (i: number, j: number) => rowCount * (rest[i] as number) * (rest[j] as number);
  return {
    rowCount,
    means: sumOf([shifts, rest]),
    gram: gram.map((value, at) => value - taken(Math.floor(at / width), at % width)),
    cross: cross.map((value, at) => value - taken(width + Math.floor(at / width), at % width)),
  };
}

/** Rows whose mean is near enough to that of all. */
const SAMPLE_ROWS = 4096;

/**
 * The mean of rows that are evenly spread over all. Rows of weight 0 have no part in it: values far from all others would
 * leave nothing of those once they are shifted.
 */
export function sampleMeans(
  columns: readonly Float64Array[],
  weights: Float64Array | null = null,
): Float64Array {
  if (weights) return weightedSampleMeans(columns, weights);
  return Float64Array.from(columns, (column) => {
    const step = Math.ceil(column.length / SAMPLE_ROWS);
    let sum = 0;
    let count = 0;
    for (let row = 0; row < column.length; row += step) {
      sum += column[row] as number;
      count += 1;
    }
    return sum / count;
  });
}

function weightedSampleMeans(columns: readonly Float64Array[], weights: Float64Array): Float64Array {
  const rows = sampleWeighted(weights);
  const largest = rows.reduce((most, row) => Math.max(most, weights[row] as number), 0);
  // Weights of at most 1 have a sum that is finite, and so have their products.
  const scaled = rows.map((row) => (weights[row] as number) / largest);
  const total = scaled.reduce((sum, weight) => sum + weight, 0);
  return Float64Array.from(columns, (column) => {
    return rows.reduce((mean, row, i) => mean + (column[row] as number) * ((scaled[i] as number) / total), 0);
  });
}

/** Rows that count, evenly spread over those that do. */
function sampleWeighted(weights: Float64Array): number[] {
  const count = weights.reduce((sum, weight) => sum + Number(weight > 0), 0);
  const step = Math.ceil(count / SAMPLE_ROWS);
  const rows: number[] = [];
  let seen = 0;
  weights.forEach((weight, row) => {
    if (weight === 0) return;
    if (seen % step === 0) rows.push(row);
    seen += 1;
  });
  return rows;
}

/** Solves the normal equations for the products of the features with each target. */
function normalSolver(
  { gram, means, rowCount }: RowMoments,
  width: number,
  alpha: number,
): (cross: Float64Array) => Float64Array {
  const penalized = gram.slice();
  dropConstants(penalized, means, width, rowCount);
  for (let i = 0; i < width; i += 1) penalized[i * width + i] = (penalized[i * width + i] as number) + alpha;
  const equations = factorize(penalized, width);
  return (cross) => {
    const targetCount = cross.length / width;
    const solutions = Array.from({ length: targetCount }, (_, j) =>
      equations.solve(cross.subarray(j * width, (j + 1) * width)),
    );
    return concatFloat64(solutions);
  };
}

/** A constant column is not quite zero once its rounded mean is taken away. */
function dropConstants(gram: Float64Array, means: Float64Array, width: number, rowCount: number): void {
  for (let i = 0; i < width; i += 1) {
    const rounding = 8 * Number.EPSILON * (means[i] as number);
    if ((gram[i * width + i] as number) <= rowCount * rounding * rounding) gram[i * width + i] = 0;
  }
}

function interceptsOf(weights: Float64Array, means: Float64Array, width: number): Float64Array {
  return means.slice(width).map((mean, j) => {
    let intercept = mean;
    for (let i = 0; i < width; i += 1) intercept -= (weights[j * width + i] as number) * (means[i] as number);
    return intercept;
  });
}

function rowCountOf({ features, targets }: Observations): number {
  return (features[0] ?? targets[0])?.length ?? 0;
}

function sumOf(parts: readonly Float64Array[]): Float64Array {
  const [first = new Float64Array(0), ...others] = parts;
  return first.map((value, i) => others.reduce((sum, part) => sum + (part[i] as number), value));
}
