/** The passes of least squares over the rows, in threads. */
import type { Kernel } from '../contract/threads.ts';
import type { Range } from './chunks.ts';

/** Rows that are centred together, to stay in the processor's cache. */
const BLOCK_ROWS = 256;

interface SumsInput {
  readonly columns: readonly Float64Array[];
  /** Taken from each value, one number per column. */
  readonly shifts: Float64Array;
  /** How much each row counts; null if all the same. */
  readonly weights: Float64Array | null;
  readonly rows: Range;
}

/** The sum of each shifted column. */
export const sumsKernel: Kernel<SumsInput, Float64Array> = { name: 'linear.sums', run: sums };

interface MomentsInput {
  readonly features: readonly Float64Array[];
  readonly targets: readonly Float64Array[];
  /** Taken from each feature, then from each target. */
  readonly means: Float64Array;
  /** How much each row counts; null if all the same. */
  readonly weights: Float64Array | null;
  readonly rows: Range;
}

/** Products of centred columns. */
export interface Moments {
  /** Feature i × feature j at `i * width + j`. */
  readonly gram: Float64Array;
  /** Feature i × target j at `j * width + i`. */
  readonly cross: Float64Array;
}

/** All that least squares needs to know of rows. */
export interface RowMoments extends Moments {
  /** How many rows; with weights, their sum. */
  readonly rowCount: number;
  /** What was taken from each feature, then from each target. */
  readonly means: Float64Array;
}

/**
 * The moments of both sets of rows together (Chan, Golub and LeVeque 1983).
 *
 * @param intercept false if both are centred on zero.
 */
export function mergeMoments(a: RowMoments, b: RowMoments, intercept: boolean): RowMoments {
  const rowCount = a.rowCount + b.rowCount;
  const width = Math.sqrt(a.gram.length);
  const shift = a.means.map((mean, i) => (intercept ? (b.means[i] as number) - mean : 0));
  const factor = (a.rowCount * b.rowCount) / rowCount;
  const between = (i: number, j: number) => (shift[i] as number) * (shift[j] as number) * factor;
  return {
    rowCount,
    means: a.means.map((mean, i) => mean + ((shift[i] as number) * b.rowCount) / rowCount),
    gram: a.gram.map((value, at) => {
      return value + (b.gram[at] as number) + between(Math.floor(at / width), at % width);
    }),
    cross: a.cross.map((value, at) => {
      return value + (b.cross[at] as number) + between(width + Math.floor(at / width), at % width);
    }),
  };
}

/** Products of all features with each other and with the targets. */
export const momentsKernel: Kernel<MomentsInput, Moments> = { name: 'linear.moments', run: moments };

interface ResidualsInput extends MomentsInput {
  /** Of feature i for target j at `j * width + i`. */
  readonly coefficients: Float64Array;
}

/** Products of the features with what the coefficients leave of the targets, laid out as `cross`. */
export const residualsKernel: Kernel<ResidualsInput, Float64Array> = {
  name: 'linear.residuals',
  run: residuals,
};

function sums({ columns, shifts, weights, rows }: SumsInput): Float64Array {
  return Float64Array.from(columns, (column, i) => {
    const shift = shifts[i] as number;
    let sum = 0;
    if (weights) {
      for (let row = rows.start; row < rows.end; row += 1) {
        sum += (weights[row] as number) * ((column[row] as number) - shift);
      }
    } else {
      for (let row = rows.start; row < rows.end; row += 1) sum += (column[row] as number) - shift;
    }
    return sum;
  });
}

function moments(input: MomentsInput): Moments {
  const width = input.features.length;
  const gram = new Float64Array(width * width);
  const cross = new Float64Array(width * input.targets.length);
  eachBlock(input, (features, targets, rowCount) => {
    addGram(gram, features, rowCount);
    addCross(cross, features, targets, rowCount);
  });
  for (let i = 0; i < width; i += 1) {
    for (let j = 0; j < i; j += 1) gram[i * width + j] = gram[j * width + i] as number;
  }
  return { gram, cross };
}

function residuals(input: ResidualsInput): Float64Array {
  const { coefficients } = input;
  const width = input.features.length;
  const cross = new Float64Array(width * input.targets.length);
  eachBlock(input, (features, targets, rowCount) => {
    targets.forEach((target, j) => {
      features.forEach((feature, i) => {
        subtract(target, feature, coefficients[j * width + i] as number, rowCount);
      });
    });
    addCross(cross, features, targets, rowCount);
  });
  return cross;
}

type Blocks = readonly Float64Array[];

/**
 * Calls back with the centred values of {@link BLOCK_ROWS} rows at a time, in reused buffers; with weights, times their
 * square roots, so that each product counts as much as its row.
 */
function eachBlock(
  { features, targets, means, weights, rows }: MomentsInput,
  use: (features: Blocks, targets: Blocks, rowCount: number) => void,
): void {
  const columns = [...features, ...targets];
  const blocks = columns.map(() => new Float64Array(BLOCK_ROWS));
  const featureBlocks = blocks.slice(0, features.length);
  const targetBlocks = blocks.slice(features.length);
  for (let start = rows.start; start < rows.end; start += BLOCK_ROWS) {
    const rowCount = Math.min(BLOCK_ROWS, rows.end - start);
    columns.forEach((column, i) => {
      const block = blocks[i] as Float64Array;
      const mean = means[i] as number;
      for (let k = 0; k < rowCount; k += 1) block[k] = (column[start + k] as number) - mean;
    });
    if (weights) weigh(blocks, weights, start, rowCount);
    use(featureBlocks, targetBlocks, rowCount);
  }
}

function weigh(blocks: Blocks, weights: Float64Array, start: number, rowCount: number): void {
  const roots = weights.subarray(start, start + rowCount).map(Math.sqrt);
  for (const block of blocks) {
    for (let k = 0; k < rowCount; k += 1) block[k] = (block[k] as number) * (roots[k] as number);
  }
}

function addGram(gram: Float64Array, features: Blocks, rowCount: number): void {
  const width = features.length;
  for (let i = 0; i < width; i += 1) {
    for (let j = i; j < width; j += 1) {
      const product = dot(features[i] as Float64Array, features[j] as Float64Array, rowCount);
      gram[i * width + j] = (gram[i * width + j] as number) + product;
    }
  }
}

function addCross(cross: Float64Array, features: Blocks, targets: Blocks, rowCount: number): void {
  targets.forEach((target, j) => {
    features.forEach((feature, i) => {
      const at = j * features.length + i;
      cross[at] = (cross[at] as number) + dot(feature, target, rowCount);
    });
  });
}

/** Four sums at once: the processor need not wait for one addition to start the next. */
export function dot(a: Float64Array, b: Float64Array, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += (a[i] as number) * (b[i] as number);
    s1 += (a[i + 1] as number) * (b[i + 1] as number);
    s2 += (a[i + 2] as number) * (b[i + 2] as number);
    s3 += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (; i < length; i += 1) s0 += (a[i] as number) * (b[i] as number);
  return s0 + s1 + (s2 + s3);
}

function subtract(target: Float64Array, feature: Float64Array, weight: number, length: number): void {
  for (let i = 0; i < length; i += 1) target[i] = (target[i] as number) - weight * (feature[i] as number);
}
