/** Fits a logistic regression by Newton's method. */
import { InvalidData } from '../errors.ts';
import { mapRows } from './chunks.ts';
import type { FitContext } from './estimator.ts';
import { type Derivatives, logisticDerivativesKernel } from './logistic-kernels.ts';
import { factorize } from './normal-equations.ts';

/** What rows before these have to say of the parameters: the square around what they gave. */
export interface Curvature {
  readonly parameters: Float64Array;
  /** Second derivatives of their loss. */
  readonly hessian: Float64Array;
}

export interface LogisticProblem {
  readonly columns: readonly Float64Array[];
  /** Taken from each column, so that the intercept is nearly independent of the weights. */
  readonly means: Float64Array;
  readonly codes: Int32Array;
  readonly classWeights: Float64Array;
  readonly outcomeCount: number;
  /** On half the squared weights. */
  readonly penalty: number;
  readonly intercept: boolean;
  /** On half the squared intercepts; 0 unless a class has no rows, without which they would have no end. */
  readonly interceptPenalty: number;
  readonly maxIterations: number;
  readonly prior: Curvature | null;
}

/** Fixed, so that sums do not depend on the number of threads. */
const CHUNK_ROWS = 16_384;
/** The step after which less than this share of the loss can be gained is the last one. */
const TOLERANCE = 1e-11;
const MAX_HALVINGS = 30;

/**
 * The parameters of least penalized loss, and the second derivatives of the loss there, with those of the rows before.
 *
 * @throws InvalidData when the iterations are not enough, or numbers are too large to be squared.
 */
export async function minimizeLogistic(problem: LogisticProblem, context: FitContext): Promise<Curvature> {
  const size = (problem.columns.length + 1) * problem.outcomeCount;
  let parameters = problem.prior?.parameters ?? new Float64Array(size);
  let at = await evaluate(problem, parameters, context);
  for (let iteration = 0; iteration < problem.maxIterations; iteration += 1) {
    const step = factorize(at.hessian, size).solve(at.gradient.map((slope) => -slope));
    const gain = -at.gradient.reduce((sum, slope, i) => sum + slope * (step[i] as number), 0);
    const next = await descend(problem, parameters, step, at.loss, context);
    if (!next) return curvatureAt(problem, parameters, at);
    parameters = next.parameters;
    at = next.at;
    if (gain <= TOLERANCE * (1 + Math.abs(at.loss))) return curvatureAt(problem, parameters, at);
  }
  throw new InvalidData(
    `the logistic regression has not settled after ${problem.maxIterations} iterations: scale the columns, raise maxIterations, or lower C`,
  );
}

/** Halves the step until the loss is lower; null when no step lowers it any more. */
async function descend(
  problem: LogisticProblem,
  parameters: Float64Array,
  step: Float64Array,
  loss: number,
  context: FitContext,
): Promise<{ parameters: Float64Array; at: Derivatives } | null> {
  const rounding = 1e-13 * (1 + Math.abs(loss));
  for (let halvings = 0, share = 1; halvings < MAX_HALVINGS; halvings += 1, share /= 2) {
    const moved = parameters.map((value, i) => value + share * (step[i] as number));
    const at = await evaluate(problem, moved, context);
    if (at.loss <= loss + rounding) return { parameters: moved, at };
  }
  return null;
}

/** The loss with its penalty and what the rows before say. */
async function evaluate(
  problem: LogisticProblem,
  parameters: Float64Array,
  context: FitContext,
): Promise<Derivatives> {
  const { columns, means, codes, classWeights, outcomeCount, prior } = problem;
  const { threads, signal } = context;
  const input = { columns, means, codes, classWeights, parameters, outcomeCount };
  const quiet = { threads, ...(signal ? { signal } : {}) };
  const parts = await mapRows(quiet, logisticDerivativesKernel, codes.length, CHUNK_ROWS, (rows) => {
    return { ...input, rows };
  });
  const all = parts.reduce(add);
  if (!all.hessian.every(Number.isFinite)) {
    throw new InvalidData('the squares of X go beyond the range of doubles: scale the columns down');
  }
  if (prior) addPrior(all, parameters, prior);
  addPenalty(all, parameters, problem);
  return all;
}

function add(a: Derivatives, b: Derivatives): Derivatives {
  return {
    loss: a.loss + b.loss,
    gradient: a.gradient.map((value, i) => value + (b.gradient[i] as number)),
    hessian: a.hessian.map((value, i) => value + (b.hessian[i] as number)),
  };
}

function addPrior(all: Mutable<Derivatives>, parameters: Float64Array, prior: Curvature): void {
  const moved = parameters.map((value, i) => value - (prior.parameters[i] as number));
  const size = parameters.length;
  for (let i = 0; i < size; i += 1) {
    let slope = 0;
    for (let j = 0; j < size; j += 1) {
      const second = prior.hessian[i * size + j] as number;
      slope += second * (moved[j] as number);
      all.hessian[i * size + j] = (all.hessian[i * size + j] as number) + second;
    }
    all.gradient[i] = (all.gradient[i] as number) + slope;
    all.loss += (slope * (moved[i] as number)) / 2;
  }
}

/** Where there is to be no intercept, nothing moves it. */
function addPenalty(all: Mutable<Derivatives>, parameters: Float64Array, problem: LogisticProblem): void {
  const size = parameters.length;
  parameters.forEach((value, i) => {
    const penalty = penaltyAt(problem, i);
    all.loss += (penalty * value * value) / 2;
    all.gradient[i] = (all.gradient[i] as number) + penalty * value;
    all.hessian[i * size + i] = (all.hessian[i * size + i] as number) + penalty;
    if (!problem.intercept && isIntercept(problem, i)) hold(all, i);
  });
}

/** Takes a parameter out of the equations. */
function hold({ gradient, hessian }: Derivatives, i: number): void {
  const size = gradient.length;
  gradient[i] = 0;
  for (let j = 0; j < size; j += 1) {
    hessian[i * size + j] = 0;
    hessian[j * size + i] = 0;
  }
}

function penaltyAt(problem: LogisticProblem, i: number): number {
  return isIntercept(problem, i) ? problem.interceptPenalty : problem.penalty;
}

function isIntercept({ columns }: LogisticProblem, i: number): boolean {
  return i % (columns.length + 1) === columns.length;
}

function curvatureAt(
  problem: LogisticProblem,
  parameters: Float64Array,
  { hessian }: Derivatives,
): Curvature {
  const size = parameters.length;
  const ofLoss = hessian.slice();
  for (let i = 0; i < size; i += 1) {
    ofLoss[i * size + i] = (ofLoss[i * size + i] as number) - penaltyAt(problem, i);
  }
  return { parameters, hessian: ofLoss };
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };
