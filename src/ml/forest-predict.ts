/** Predicts with a forest, in threads where there are many rows. */
import type { Kernel } from '../contract/threads.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import { areFinite } from './arrays.ts';
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
/** Rows that go through a tree at the same time. */
const TOGETHER = 4;

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
  const areFew = rows.end - rows.start < BLOCK_ROWS;
  const skips = areFew ? new Int32Array(0) : skipsOf(forest);
  for (let start = rows.start; start < rows.end; start += BLOCK_ROWS) {
    const rowCount = Math.min(BLOCK_ROWS, rows.end - start);
    fillBlock(block, columns, start, rowCount);
    const areSingle = areFew || !areFinite(block.subarray(0, rowCount * width));
    const together = areSingle ? 0 : rowCount - (rowCount % TOGETHER);
    for (let tree = 0; tree < forest.roots.length; tree += 1) {
      walkTree(tree, together, rowCount);
      combine.add(leaves, rowCount, tree);
    }
    combine.finish(start, rowCount);
  }

  function walkTree(tree: number, together: number, rowCount: number): void {
    for (let i = 0; i < together; i += TOGETHER) fourLeaves(forest, skips, tree, block, i, leaves);
    for (let i = together; i < rowCount; i += 1) leaves[i] = leafValue(forest, tree, block, i * width);
  }
}

/** Row after row. */
function fillBlock(
  block: Float64Array,
  columns: readonly Float64Array[],
  start: number,
  rowCount: number,
): void {
  columns.forEach((column, feature) => {
    for (let i = 0; i < rowCount; i += 1) block[i * columns.length + feature] = column[start + i] as number;
  });
}

/** How many nodes each split passes over for rows that go to its right. */
function skipsOf({ feature, right, roots }: Forest): Int32Array {
  const skips = new Int32Array(feature.length);
  for (let tree = 0; tree < roots.length; tree += 1) {
    const root = roots[tree] as number;
    const end = roots[tree + 1] ?? feature.length;
    for (let node = root; node < end; node += 1) {
      if ((feature[node] as number) >= 0) skips[node] = root + (right[node] as number) - node - 1;
    }
  }
  return skips;
}

/**
 * As {@link leafValue} for {@link TOGETHER} rows from row `i` of a block without missing values: while the node of one row
 * comes from memory, the processor goes on with the others. It adds the skip or zero, for it would guess a branch wrongly
 * every other time. Written out: a loop over the four, or a function for one step, takes at least a third longer.
 */
function fourLeaves(
  { feature, threshold, roots }: Forest,
  skips: Int32Array,
  tree: number,
  block: Float64Array,
  i: number,
  leaves: Float64Array,
): void {
  const root = roots[tree] as number;
  const first = feature[root] as number;
  const width = block.length / BLOCK_ROWS;
  const row0 = i * width;
  const row1 = row0 + width;
  const row2 = row1 + width;
  const row3 = row2 + width;
  let node0 = root;
  let node1 = root;
  let node2 = root;
  let node3 = root;
  let column0 = first;
  let column1 = first;
  let column2 = first;
  let column3 = first;
  while (column0 >= 0 || column1 >= 0 || column2 >= 0 || column3 >= 0) {
    if (column0 >= 0) {
      const isAbove = (block[row0 + column0] as number) > (threshold[node0] as number);
      node0 += 1 + (-isAbove & (skips[node0] as number));
      column0 = feature[node0] as number;
    }
    if (column1 >= 0) {
      const isAbove = (block[row1 + column1] as number) > (threshold[node1] as number);
      node1 += 1 + (-isAbove & (skips[node1] as number));
      column1 = feature[node1] as number;
    }
    if (column2 >= 0) {
      const isAbove = (block[row2 + column2] as number) > (threshold[node2] as number);
      node2 += 1 + (-isAbove & (skips[node2] as number));
      column2 = feature[node2] as number;
    }
    if (column3 >= 0) {
      const isAbove = (block[row3 + column3] as number) > (threshold[node3] as number);
      node3 += 1 + (-isAbove & (skips[node3] as number));
      column3 = feature[node3] as number;
    }
  }
  leaves[i] = threshold[node0] as number;
  leaves[i + 1] = threshold[node1] as number;
  leaves[i + 2] = threshold[node2] as number;
  leaves[i + 3] = threshold[node3] as number;
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
  /** Takes the leaves that the rows reach in one tree. */
  add(leaves: Float64Array, rowCount: number, tree: number): void;
  /** Puts out what came together, for rows from `start`, and begins anew. */
  finish(start: number, rowCount: number): void;
}

function combiner(forest: Forest, combination: Combination, output: readonly Float64Array[]): Combiner {
  const treeCount = forest.roots.length;
  if (combination === 'median') return medianCombiner(treeCount, output);
  if (combination === 'mean') return meanCombiner(treeCount, output);
  return classCombiner(forest, combination, output);
}

function meanCombiner(treeCount: number, [values = new Float64Array(0)]: readonly Float64Array[]): Combiner {
  const sums = new Float64Array(BLOCK_ROWS);
  return {
    add(leaves, rowCount) {
      for (let i = 0; i < rowCount; i += 1) sums[i] = (sums[i] as number) + (leaves[i] as number);
    },
    finish(start, rowCount) {
      for (let i = 0; i < rowCount; i += 1) values[start + i] = (sums[i] as number) / treeCount;
      sums.fill(0);
    },
  };
}

/** A leaf is a class, or beyond them a distribution over all classes; of that, `hard` counts the likeliest alone. */
function classCombiner(
  { roots, classCount, distributions }: Forest,
  combination: Combination,
  output: readonly Float64Array[],
): Combiner {
  /** Of class c for row i at `i * classCount + c`. */
  const sums = new Float64Array(BLOCK_ROWS * classCount);

  function addDistribution(index: number, offset: number): void {
    const first = index * classCount;
    if (combination === 'hard') {
      increase(sums, offset + highest(distributions.subarray(first, first + classCount)), 1);
      return;
    }
    for (let c = 0; c < classCount; c += 1) increase(sums, offset + c, distributions[first + c] as number);
  }

  return {
    add(leaves, rowCount) {
      for (let i = 0; i < rowCount; i += 1) {
        const leaf = leaves[i] as number;
        if (leaf < classCount) increase(sums, i * classCount + leaf, 1);
        else addDistribution(leaf - classCount, i * classCount);
      }
    },
    finish(start, rowCount) {
      output.forEach((values, c) => {
        for (let i = 0; i < rowCount; i += 1) {
          values[start + i] = (sums[i * classCount + c] as number) / roots.length;
        }
      });
      sums.fill(0);
    },
  };
}

function medianCombiner(
  treeCount: number,
  [values = new Float64Array(0)]: readonly Float64Array[],
): Combiner {
  const answers = new Float64Array(treeCount * BLOCK_ROWS);
  return {
    add(leaves, rowCount, tree) {
      for (let i = 0; i < rowCount; i += 1) answers[i * treeCount + tree] = leaves[i] as number;
    },
    finish(start, rowCount) {
      for (let i = 0; i < rowCount; i += 1) {
        values[start + i] = median(answers.subarray(i * treeCount, (i + 1) * treeCount));
      }
    },
  };
}

function increase(values: Float64Array, at: number, by: number): void {
  values[at] = (values[at] as number) + by;
}

function highest(distribution: Float64Array): number {
  return distribution.indexOf(Math.max(...distribution));
}

/** Of an even number the lower of both middle ones, as ml-random-forest has it. Sorts the values in place. */
function median(values: Float64Array): number {
  return values.sort()[(values.length - 1) >> 1] as number;
}
