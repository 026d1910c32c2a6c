/** The passes of logistic regression over the rows, in threads. */
import type { Kernel } from '../contract/threads.ts';
import type { Range } from './chunks.ts';
import { type LinearPredictInput, predictRows } from './linear-state.ts';
import { dot, multiply } from './moments.ts';

/** Rows that are taken together, to stay in the processor's cache. */
const BLOCK_ROWS = 256;

interface DerivativesInput {
  readonly columns: readonly Float64Array[];
  /** Taken from each column. */
  readonly means: Float64Array;
  readonly codes: Int32Array;
  /** By class: how much a row of it counts. */
  readonly classWeights: Float64Array;
  /** How much each row counts besides; null if all the same. */
  readonly sampleWeight: Float64Array | null;
  /** By outcome: the weight of each feature, then the intercept. Of two classes, the second has the only outcome. */
  readonly parameters: Float64Array;
  readonly outcomeCount: number;
  readonly rows: Range;
}

/** Of the loss, by the parameters. */
export interface Derivatives {
  readonly loss: number;
  readonly gradient: Float64Array;
  /** Symmetric. */
  readonly hessian: Float64Array;
}

/** The loss and its first and second derivatives. */
export const logisticDerivativesKernel: Kernel<DerivativesInput, Derivatives> = {
  name: 'logistic.derivatives',
  run: derivatives,
};

/** The probability of each class, in place of its linear function. */
export const logisticPredictKernel: Kernel<LinearPredictInput, void> = {
  name: 'logistic.predict',
  run: (input) => {
    const { rows, output, intercepts } = input;
    const isBinary = intercepts.length === 1;
    predictRows(isBinary ? { ...input, output: output.slice(1) } : input);
    if (isBinary) output[0]?.fill(0, rows.start, rows.end);
    softmax(output, rows);
  },
};

function derivatives(input: DerivativesInput): Derivatives {
  const { columns, parameters, outcomeCount, rows } = input;
  const width = columns.length + 1;
  const sums = {
    loss: 0,
    gradient: new Float64Array(parameters.length),
    hessian: new Float64Array(parameters.length ** 2),
  };
  const block = newBlock(width, outcomeCount);
  for (let start = rows.start; start < rows.end; start += BLOCK_ROWS) {
    const rowCount = Math.min(BLOCK_ROWS, rows.end - start);
    centre(block.features, input, start, rowCount);
    sums.loss += probabilities(block, input, start, rowCount);
    addGradient(sums.gradient, block, input, start, rowCount);
    addHessian(sums.hessian, block, rowCount);
  }
  mirror(sums.hessian, width);
  return sums;
}

interface Block {
  /** Centred, the last one of ones for the intercept. */
  readonly features: Float64Array[];
  /** By outcome: its probability times the row's weight. */
  readonly shares: Float64Array[];
  readonly rowWeights: Float64Array;
  readonly spare: Float64Array;
  readonly weighted: Float64Array;
}

function newBlock(width: number, outcomeCount: number): Block {
  const column = () => new Float64Array(BLOCK_ROWS);
  return {
    features: Array.from({ length: width }, (_, i) => (i === width - 1 ? column().fill(1) : column())),
    shares: Array.from({ length: outcomeCount }, column),
    rowWeights: column(),
    spare: column(),
    weighted: column(),
  };
}

function centre(
  features: readonly Float64Array[],
  { columns, means }: DerivativesInput,
  start: number,
  rowCount: number,
): void {
  columns.forEach((column, i) => {
    const block = features[i] as Float64Array;
    for (let k = 0; k < rowCount; k += 1) block[k] = (column[start + k] as number) - (means[i] as number);
  });
}

/** Fills in the probabilities and row weights; returns the loss. */
function probabilities(
  { features, shares, rowWeights }: Block,
  { codes, classWeights, sampleWeight, parameters, outcomeCount }: DerivativesInput,
  start: number,
  rowCount: number,
): number {
  const width = features.length;
  shares.forEach((share, outcome) => {
    share.fill(0);
    features.forEach((feature, i) => {
      addScaled(share, feature, parameters[outcome * width + i] as number, rowCount);
    });
  });
  let loss = 0;
  for (let k = 0; k < rowCount; k += 1) {
    const code = codes[start + k] as number;
    const weight = (classWeights[code] as number) * (sampleWeight?.[start + k] ?? 1);
    const own = scoreOf(shares, outcomeCount === 1 ? code - 1 : code, k);
    loss += weight * (toProbabilities(shares, k) - own);
    rowWeights[k] = weight;
    for (const share of shares) share[k] = (share[k] as number) * weight;
  }
  return loss;
}

/** A class without an outcome has the score 0. */
function scoreOf(scores: readonly Float64Array[], outcome: number, k: number): number {
  return outcome < 0 ? 0 : (scores[outcome]?.[k] as number);
}

/** Turns the scores of a row into probabilities; returns the logarithm of what they are divided by. */
function toProbabilities(scores: readonly Float64Array[], k: number): number {
  const isBinary = scores.length === 1;
  let highest = isBinary ? 0 : Number.NEGATIVE_INFINITY;
  for (const score of scores) highest = Math.max(highest, score[k] as number);
  let sum = isBinary ? Math.exp(-highest) : 0;
  for (const score of scores) {
    const power = Math.exp((score[k] as number) - highest);
    score[k] = power;
    sum += power;
  }
  for (const score of scores) score[k] = (score[k] as number) / sum;
  return highest + Math.log(sum);
}

function addGradient(
  gradient: Float64Array,
  { features, shares, rowWeights, spare }: Block,
  { codes, outcomeCount }: DerivativesInput,
  start: number,
  rowCount: number,
): void {
  const width = features.length;
  shares.forEach((share, outcome) => {
    const own = outcomeCount === 1 ? 1 : outcome;
    for (let k = 0; k < rowCount; k += 1) {
      spare[k] = (share[k] as number) - (codes[start + k] === own ? (rowWeights[k] as number) : 0);
    }
    features.forEach((feature, i) => {
      const at = outcome * width + i;
      gradient[at] = (gradient[at] as number) + dot(feature, spare, rowCount);
    });
  });
}

function addHessian(hessian: Float64Array, block: Block, rowCount: number): void {
  const { shares, rowWeights, spare } = block;
  shares.forEach((share, a) => {
    for (let b = a; b < shares.length; b += 1) {
      const other = a === b ? null : (shares[b] as Float64Array);
      curvature(spare, share, other, rowWeights, rowCount);
      addProducts(hessian, block, { a, b }, rowCount);
    }
  });
}

/** Of a pair of outcomes, both triangles are the same: the upper one is added up. */
function addProducts(
  hessian: Float64Array,
  { features, spare, weighted }: Block,
  { a, b }: { readonly a: number; readonly b: number },
  rowCount: number,
): void {
  const size = Math.sqrt(hessian.length);
  const width = features.length;
  for (let i = 0; i < width; i += 1) {
    multiply(weighted, spare, features[i] as Float64Array, rowCount);
    for (let j = i; j < width; j += 1) {
      const at = (a * width + i) * size + b * width + j;
      hessian[at] = (hessian[at] as number) + dot(weighted, features[j] as Float64Array, rowCount);
    }
  }
}

/** p · (1 - p) of one outcome, -p · q of two, times the row's weight, which the shares have in them. */
function curvature(
  into: Float64Array,
  share: Float64Array,
  other: Float64Array | null,
  rowWeights: Float64Array,
  rowCount: number,
): void {
  for (let k = 0; k < rowCount; k += 1) {
    const weight = rowWeights[k] as number;
    const rest = other ? -(other[k] as number) : weight - (share[k] as number);
    into[k] = weight === 0 ? 0 : ((share[k] as number) * rest) / weight;
  }
}

function addScaled(into: Float64Array, values: Float64Array, factor: number, length: number): void {
  for (let k = 0; k < length; k += 1) into[k] = (into[k] as number) + factor * (values[k] as number);
}

/** Fills in what addHessian leaves out: the lower triangle of each pair of outcomes, then that of all. */
function mirror(hessian: Float64Array, width: number): void {
  const size = Math.sqrt(hessian.length);
  for (let row = 0; row < size; row += 1) {
    const i = row % width;
    for (let column = row - i + width; column < size; column += 1) {
      const j = column % width;
      if (j < i) hessian[row * size + column] = hessian[(row - i + j) * size + column - j + i] as number;
    }
  }
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < row; column += 1) {
      hessian[row * size + column] = hessian[column * size + row] as number;
    }
  }
}

/** NaN where a score is beyond doubles: what was added to it later is lost, and with it which class is the likeliest. */
function softmax(scores: readonly Float64Array[], { start, end }: Range): void {
  for (let row = start; row < end; row += 1) {
    if (areFinite(scores, row)) toProbabilities(scores, row);
    else for (const score of scores) score[row] = Number.NaN;
  }
}

function areFinite(scores: readonly Float64Array[], row: number): boolean {
  for (const score of scores) if (!Number.isFinite(score[row])) return false;
  return true;
}
