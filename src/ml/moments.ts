/** The passes of least squares over the rows, in threads. */
import type { Kernel } from '../contract/threads.ts';
import type { Range } from './chunks.ts';

/** Rows that are shifted together, to stay in the processor's cache. */
const BLOCK_ROWS = 256;
/** Columns that are multiplied with as many others at once: so many sums stay in the processor's registers. */
const TILE = 3;

interface MomentsInput {
  readonly features: readonly Float64Array[];
  readonly targets: readonly Float64Array[];
  /** Taken from each feature, then from each target. */
  readonly shifts: Float64Array;
  /** How much each row counts; null if all the same. */
  readonly weights: Float64Array | null;
  readonly rows: Range;
}

/** Products of shifted columns. */
interface Moments {
  /** Feature i × feature j at `i * width + j`. */
  readonly gram: Float64Array;
  /** Feature i × target j at `j * width + i`. */
  readonly cross: Float64Array;
}

/** What the rows of one call sum up to. */
interface ShiftedMoments extends Moments {
  /** Of each shifted feature, then of each target. */
  readonly sums: Float64Array;
  /** How many rows; with weights, their sum. */
  readonly rowCount: number;
}

/** All that least squares needs to know of rows: the columns of {@link Moments} are centred. */
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

/** Sums of all columns, and products of the features with each other and with the targets. */
export const momentsKernel: Kernel<MomentsInput, ShiftedMoments> = { name: 'linear.moments', run: moments };

interface ResidualsInput extends MomentsInput {
  /** Of feature i for target j at `j * width + i`. */
  readonly coefficients: Float64Array;
}

/** Products of the features with what the coefficients leave of the targets, laid out as `cross`. */
export const residualsKernel: Kernel<ResidualsInput, Float64Array> = {
  name: 'linear.residuals',
  run: residuals,
};

function moments(input: MomentsInput): ShiftedMoments {
  const width = input.features.length;
  const ones = width + input.targets.length;
  const tiled = tiledWidth(input);
  const products = new Float64Array(tiled * tiled);
  eachBlock(input, (block, rowCount) => addProducts(products, tiled, block, rowCount));
  const product = (i: number, j: number) => products[Math.min(i, j) * tiled + Math.max(i, j)] as number;
  return {
    gram: Float64Array.from({ length: width ** 2 }, (_, at) => product(Math.floor(at / width), at % width)),
    cross: Float64Array.from({ length: width * input.targets.length }, (_, at) => {
      return product(at % width, width + Math.floor(at / width));
    }),
    sums: Float64Array.from({ length: ones }, (_, i) => product(i, ones)),
    rowCount: product(ones, ones),
  };
}

function residuals(input: ResidualsInput): Float64Array {
  const { coefficients } = input;
  const width = input.features.length;
  const cross = new Float64Array(width * input.targets.length);
  eachBlock(input, (block, rowCount) => {
    input.targets.forEach((_, j) => {
      const target = columnOf(block, width + j);
      for (let i = 0; i < width; i += 1) {
        subtract(target, columnOf(block, i), coefficients[j * width + i] as number, rowCount);
      }
      for (let i = 0; i < width; i += 1) {
        const at = j * width + i;
        cross[at] = (cross[at] as number) + dot(columnOf(block, i), target, rowCount);
      }
    });
  });
  return cross;
}

/**
 * Calls back with the shifted values of {@link BLOCK_ROWS} rows at a time, in a reused buffer: column after column, the
 * features, the targets, ones, and zeros up to {@link tiledWidth}. With weights each row is times the square root of its
 * own, so that a product counts as much as its row.
 */
function eachBlock(input: MomentsInput, use: (block: Float64Array, rowCount: number) => void): void {
  const { features, targets, shifts, weights, rows } = input;
  const columns = [...features, ...targets];
  const block = new Float64Array(tiledWidth(input) * BLOCK_ROWS);
  const ones = columnOf(block, columns.length).fill(1);
  for (let start = rows.start; start < rows.end; start += BLOCK_ROWS) {
    const rowCount = Math.min(BLOCK_ROWS, rows.end - start);
    columns.forEach((column, i) => {
      const values = columnOf(block, i);
      const shift = shifts[i] as number;
      for (let k = 0; k < rowCount; k += 1) values[k] = (column[start + k] as number) - shift;
    });
    if (weights) {
      for (let k = 0; k < rowCount; k += 1) ones[k] = Math.sqrt(weights[start + k] as number);
      for (let i = 0; i < columns.length; i += 1)
        multiply(columnOf(block, i), columnOf(block, i), ones, rowCount);
    }
    use(block, rowCount);
  }
}

/** Features, targets and a column of ones, in whole tiles. */
function tiledWidth({ features, targets }: MomentsInput): number {
  return Math.ceil((features.length + targets.length + 1) / TILE) * TILE;
}

function columnOf(block: Float64Array, i: number): Float64Array {
  return block.subarray(i * BLOCK_ROWS, (i + 1) * BLOCK_ROWS);
}

/** Value by value; `into` may be one of both. */
export function multiply(into: Float64Array, a: Float64Array, b: Float64Array, length: number): void {
  for (let k = 0; k < length; k += 1) into[k] = (a[k] as number) * (b[k] as number);
}

/**
 * Adds the products of all columns of a block, {@link TILE} by {@link TILE} at a time, so that a value that was loaded
 * counts three times: that is what the time goes into. Of two tiles that mirror each other, the one with i ≤ j is added.
 */
function addProducts(products: Float64Array, width: number, block: Float64Array, rowCount: number): void {
  for (let i = 0; i < width; i += TILE) {
    for (let j = i; j < width; j += TILE) addTile(products, width, i, j, block, rowCount);
  }
}

function addTile(
  products: Float64Array,
  width: number,
  i: number,
  j: number,
  block: Float64Array,
  rowCount: number,
): void {
  const [a0, a1, a2] = [i * BLOCK_ROWS, (i + 1) * BLOCK_ROWS, (i + 2) * BLOCK_ROWS];
  const [b0, b1, b2] = [j * BLOCK_ROWS, (j + 1) * BLOCK_ROWS, (j + 2) * BLOCK_ROWS];
  let [s00, s01, s02, s10, s11, s12, s20, s21, s22] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = 0; k < rowCount; k += 1) {
    const x0 = block[a0 + k] as number;
    const x1 = block[a1 + k] as number;
    const x2 = block[a2 + k] as number;
    const y0 = block[b0 + k] as number;
    s00 += x0 * y0;
    s10 += x1 * y0;
    s20 += x2 * y0;
    const y1 = block[b1 + k] as number;
    s01 += x0 * y1;
    s11 += x1 * y1;
    s21 += x2 * y1;
    const y2 = block[b2 + k] as number;
    s02 += x0 * y2;
    s12 += x1 * y2;
    s22 += x2 * y2;
  }
  [s00, s01, s02, s10, s11, s12, s20, s21, s22].forEach((sum, at) => {
    const product = (i + Math.floor(at / TILE)) * width + j + (at % TILE);
    products[product] = (products[product] as number) + sum;
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
