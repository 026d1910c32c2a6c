/** Predicts with a forest, in threads where there are many rows. */
import type { Kernel } from '../contract/threads.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import { mapRows, type Range } from './chunks.ts';
import type { FitContext } from './estimator.ts';
import type { DesignMatrix } from './features.ts';
import type { Nodes } from './forest-nodes.ts';

/** The trees of a fitted forest. */
export interface Forest extends Nodes {
  /** Index of each tree's first node. */
  readonly roots: Int32Array;
  /** Probabilities of impure leaves, see forest-grow.ts; empty in a regression. */
  readonly distributions: Float64Array;
  /** 0 in a regression. */
  readonly classCount: number;
}

/** How the trees' answers are combined: `soft` and `hard` for classes, the others for numbers. */
export type Combination = 'soft' | 'hard' | 'mean' | 'median';

interface PredictInput {
  readonly forest: Forest;
  readonly columns: readonly Float64Array[];
  readonly rows: Range;
  readonly combination: Combination;
  /** One array per class, or one in all; rows of this call are filled in. On shared memory. */
  readonly output: readonly Float64Array[];
}

const CHUNK_ROWS = 8192;
/** Rows that go through all trees together, to stay in the processor's cache. */
const BLOCK_ROWS = 128;

/** The probabilities, an array for each class; or the predicted numbers, in one array. */
export async function predictForest(
  forest: Forest,
  { rowCount, columns }: DesignMatrix,
  combination: Combination,
  context: FitContext,
): Promise<Float64Array[]> {
  const output = Array.from({ length: Math.max(1, forest.classCount) }, () => allocateFloat64(rowCount));
  await mapRows(context, predictKernel, rowCount, CHUNK_ROWS, (rows) => {
    return { forest, columns, combination, output, rows };
  });
  return output;
}

export const predictKernel: Kernel<PredictInput, void> = { name: 'forest.predict', run: predictRows };

function predictRows({ forest, columns, rows, combination, output }: PredictInput): void {
  const width = columns.length;
  const block = new Float64Array(BLOCK_ROWS * width);
  const leaves = new Float64Array(BLOCK_ROWS);
  const combine = combiner(forest, combination, output);
  for (let start = rows.start; start < rows.end; start += BLOCK_ROWS) {
    const rowCount = Math.min(BLOCK_ROWS, rows.end - start);
    columns.forEach((column, feature) => {
      for (let i = 0; i < rowCount; i += 1) block[i * width + feature] = column[start + i] as number;
    });
    for (let tree = 0; tree < forest.roots.length; tree += 1) {
      for (let i = 0; i < rowCount; i += 1) leaves[i] = leafValue(forest, tree, block, i * width);
      combine.add(leaves.subarray(0, rowCount), start, tree);
    }
    combine.finish(start, rowCount);
  }
}

/** The value of the leaf that a row reaches in a tree. */
export function leafValue(forest: Forest, tree: number, block: Float64Array, offset: number): number {
  const { feature, threshold, right, missingLeft } = forest;
  const root = forest.roots[tree] as number;
  let node = root;
  for (let column = feature[node] as number; column >= 0; column = feature[node] as number) {
    const value = block[offset + column] as number;
    const isBelow = value <= (threshold[node] as number);
    // Only a missing value differs from itself.
    const goesLeft = isBelow || (missingLeft[node] === 1 && Number.isNaN(value));
    node = goesLeft ? node + 1 : root + (right[node] as number);
  }
  return threshold[node] as number;
}

/** Combines the trees' answers for a block of rows. */
interface Combiner {
  /** Takes the leaves that the rows from `start` reach in one tree. */
  add(leaves: Float64Array, start: number, tree: number): void;
  /** Called after the last tree. */
  finish(start: number, rowCount: number): void;
}

function combiner(forest: Forest, combination: Combination, output: readonly Float64Array[]): Combiner {
  const treeCount = forest.roots.length;
  if (combination === 'median') return medianCombiner(treeCount, output);
  const add = combination === 'mean' ? addNumbers : addClasses;
  return {
    add,
    finish(start, rowCount) {
      for (const values of output) {
        for (let row = start; row < start + rowCount; row += 1)
          values[row] = (values[row] as number) / treeCount;
      }
    },
  };

  function addNumbers(leaves: Float64Array, start: number): void {
    leaves.forEach((leaf, i) => {
      increase(output[0], start + i, leaf);
    });
  }

  function addClasses(leaves: Float64Array, start: number): void {
    leaves.forEach((leaf, i) => {
      if (leaf < forest.classCount) increase(output[leaf], start + i, 1);
      else addDistribution(leaf - forest.classCount, start + i);
    });
  }

  function addDistribution(index: number, row: number): void {
    const offset = index * forest.classCount;
    const distribution = forest.distributions.subarray(offset, offset + forest.classCount);
    if (combination === 'hard') {
      increase(output[highest(distribution)], row, 1);
      return;
    }
    distribution.forEach((probability, code) => {
      increase(output[code], row, probability);
    });
  }
}

function medianCombiner(
  treeCount: number,
  [values = new Float64Array(0)]: readonly Float64Array[],
): Combiner {
  const answers = new Float64Array(treeCount * BLOCK_ROWS);
  return {
    add(leaves, _start, tree) {
      leaves.forEach((leaf, i) => {
        answers[i * treeCount + tree] = leaf;
      });
    },
    finish(start, rowCount) {
      for (let i = 0; i < rowCount; i += 1) {
        values[start + i] = median(answers.subarray(i * treeCount, (i + 1) * treeCount));
      }
    },
  };
}

function increase(values: Float64Array | undefined, row: number, by: number): void {
  if (values) values[row] = (values[row] as number) + by;
}

function highest(distribution: Float64Array): number {
  return distribution.indexOf(Math.max(...distribution));
}

/** Of an even number the lower of both middle ones, as ml-random-forest has it. Sorts the values in place. */
function median(values: Float64Array): number {
  return values.sort()[(values.length - 1) >> 1] as number;
}
