/** Solves the normal equations of least squares, also for features that depend on each other. */

/** The solver of one Gram matrix. */
export interface NormalEquations {
  /** How many features are independent of each other. */
  readonly rank: number;
  /** Weights that fit the products of the features with one target; of all such weights the shortest. */
  solve(cross: Float64Array): Float64Array;
}

/** A feature counts as dependent if the others leave less than this of its variance. */
const TOLERANCE = 1e-11;

/**
 * Cholesky decomposition with pivoting of the Gram matrix, its features scaled to equal length. Dependent
 * features come last; the solution without them is moved along the null space to the shortest one, which is
 * what scikit-learn finds.
 *
 * @param gram feature i × feature j at `i * width + j`.
 */
export function factorize(gram: Float64Array, width: number): NormalEquations {
  const scale = Float64Array.from({ length: width }, (_, i) => Math.sqrt(gram[i * width + i] as number) || 1);
  const { order, lower, rank } = pivotedCholesky(gram, scale, width);
  const nullSpace = nullSpaceOf(lower, order, scale, rank, width);
  return { rank, solve };

  function solve(cross: Float64Array): Float64Array {
    const reduced = Float64Array.from({ length: rank }, (_, i) => {
      const feature = order[i] as number;
      return (cross[feature] as number) / (scale[feature] as number);
    });
    const solution = backward(lower, width, forward(lower, width, reduced));
    const weights = new Float64Array(width);
    solution.forEach((value, i) => {
      const feature = order[i] as number;
      weights[feature] = value / (scale[feature] as number);
    });
    for (const direction of nullSpace) project(weights, direction);
    return weights;
  }
}

/** L of P·G·Pᵀ = L·Lᵀ by rows, and P as the order of the features. */
interface Cholesky {
  readonly order: Int32Array;
  readonly lower: Float64Array;
  readonly rank: number;
}

function pivotedCholesky(gram: Float64Array, scale: Float64Array, width: number): Cholesky {
  const order = Int32Array.from({ length: width }, (_, i) => i);
  const lower = new Float64Array(width * width);
  const rest = Float64Array.from(scale, (_, i) => ((gram[i * width + i] as number) > 0 ? 1 : 0));
  for (let step = 0; step < width; step += 1) {
    const pivot = largest(rest, order, step);
    const left = rest[order[pivot] as number] as number;
    if (left <= TOLERANCE) return { order, lower, rank: step };
    swapRows(order, lower, width, step, pivot);
    const diagonal = Math.sqrt(left);
    lower[step * width + step] = diagonal;
    const column = order[step] as number;
    for (let i = step + 1; i < width; i += 1) {
      const row = order[i] as number;
      const entry =
        (gram[row * width + column] as number) / ((scale[row] as number) * (scale[column] as number));
      const value = (entry - dotRows(lower, width, i, step)) / diagonal;
      lower[i * width + step] = value;
      rest[row] = (rest[row] as number) - value * value;
    }
  }
  return { order, lower, rank: width };
}

function largest(rest: Float64Array, order: Int32Array, from: number): number {
  let best = from;
  for (let i = from + 1; i < order.length; i += 1) {
    if ((rest[order[i] as number] as number) > (rest[order[best] as number] as number)) best = i;
  }
  return best;
}

function swapRows(order: Int32Array, lower: Float64Array, width: number, a: number, b: number): void {
  if (a === b) return;
  [order[a], order[b]] = [order[b] as number, order[a] as number];
  const rowA = lower.slice(a * width, a * width + a);
  lower.copyWithin(a * width, b * width, b * width + a);
  lower.set(rowA, b * width);
}

/** Product of the first `length` entries of rows `i` and `length`. */
function dotRows(lower: Float64Array, width: number, i: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k += 1) {
    sum += (lower[i * width + k] as number) * (lower[length * width + k] as number);
  }
  return sum;
}

/** Solves L·z = b for as many rows as b has. */
function forward(lower: Float64Array, width: number, b: Float64Array): Float64Array {
  const z = new Float64Array(b.length);
  for (let i = 0; i < b.length; i += 1) {
    let sum = b[i] as number;
    for (let k = 0; k < i; k += 1) sum -= (lower[i * width + k] as number) * (z[k] as number);
    z[i] = sum / (lower[i * width + i] as number);
  }
  return z;
}

/** Solves Lᵀ·x = z. */
function backward(lower: Float64Array, width: number, z: Float64Array): Float64Array {
  const x = new Float64Array(z.length);
  for (let i = z.length - 1; i >= 0; i -= 1) {
    let sum = z[i] as number;
    for (let k = i + 1; k < z.length; k += 1) sum -= (lower[k * width + i] as number) * (x[k] as number);
    x[i] = sum / (lower[i * width + i] as number);
  }
  return x;
}

/** Orthonormal directions along which the weights may move without a change of the fitted values. */
function nullSpaceOf(
  lower: Float64Array,
  order: Int32Array,
  scale: Float64Array,
  rank: number,
  width: number,
): Float64Array[] {
  const basis: Float64Array[] = [];
  for (let dependent = rank; dependent < width; dependent += 1) {
    const row = lower.slice(dependent * width, dependent * width + rank);
    const combination = backward(lower, width, row);
    const direction = new Float64Array(width);
    combination.forEach((value, i) => {
      const feature = order[i] as number;
      direction[feature] = -value / (scale[feature] as number);
    });
    const feature = order[dependent] as number;
    direction[feature] = 1 / (scale[feature] as number);
    basis.push(orthonormal(direction, basis));
  }
  return basis;
}

/** Gram-Schmidt, twice for accuracy. */
function orthonormal(direction: Float64Array, basis: readonly Float64Array[]): Float64Array {
  for (const other of [...basis, ...basis]) project(direction, other);
  const length = Math.hypot(...direction);
  return direction.map((value) => value / length);
}

/** Takes out of a vector what it has of a direction of length 1. */
function project(vector: Float64Array, direction: Float64Array): void {
  const share = vector.reduce((sum, value, i) => sum + value * (direction[i] as number), 0);
  for (let i = 0; i < vector.length; i += 1) {
    vector[i] = (vector[i] as number) - share * (direction[i] as number);
  }
}
