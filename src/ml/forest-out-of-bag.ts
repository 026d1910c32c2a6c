/** Scores a forest on the rows that its trees have not drawn: each row by those trees alone. */
import type { Kernel } from '../contract/threads.ts';
import { InvalidData } from '../errors.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import { mapChunks, type Range } from './chunks.ts';
import type { FitContext } from './estimator.ts';
import type { DesignMatrix } from './features.ts';
import { drawRows, type ForestTarget, type GrowOptions } from './forest-grow.ts';
import { type Forest, leafValue } from './forest-predict.ts';
import { createRandom } from './random.ts';
import { r2Score } from './scores/regression.ts';
import { highestClass } from './target.ts';

interface OutOfBagInput {
  readonly forest: Forest;
  readonly columns: readonly Float64Array[];
  /** How much each row counted in the fit; null if all the same. */
  readonly rowWeights: Float64Array | null;
  readonly options: GrowOptions;
  readonly rows: Range;
  /** By class, or one in all: what the trees say, added up. On shared memory. */
  readonly sums: readonly Float64Array[];
  /** How many trees have not drawn the row. On shared memory. */
  readonly treeCounts: Float64Array;
}

/** Every chunk draws the rows of every tree again: it must be worth that. */
const CHUNK_ROWS = 50_000;

export const outOfBagKernel: Kernel<OutOfBagInput, void> = { name: 'forest.outOfBag', run: addTrees };

/**
 * The accuracy, or R², of the rows that at least one tree has not drawn.
 *
 * @throws InvalidData when every tree has drawn every row.
 */
export async function scoreOutOfBag(
  forest: Forest,
  { rowCount, columns }: DesignMatrix,
  target: ForestTarget,
  rowWeights: Float64Array | null,
  options: GrowOptions,
  { threads, signal }: FitContext,
): Promise<number> {
  const sums = Array.from({ length: Math.max(1, forest.classCount) }, () => allocateFloat64(rowCount));
  const treeCounts = allocateFloat64(rowCount);
  const context = { threads, ...(signal ? { signal } : {}) };
  const input = { forest, columns, rowWeights, options, sums, treeCounts };
  await mapChunks(context, rowCount, CHUNK_ROWS, (rows) =>
    threads.run(outOfBagKernel, { ...input, rows }, signal),
  );
  const rows = Array.from(treeCounts.keys()).filter((row) => treeCounts[row] !== 0);
  if (rows.length === 0) {
    throw new InvalidData('every tree has drawn every row, so that none is left to score: grow more trees');
  }
  if (target.type === 'classes') {
    const right = rows.filter((row) => highestClass(sums, row) === target.codes[row]);
    return right.length / rows.length;
  }
  const predicted = rows.map((row) => (sums[0]?.[row] as number) / (treeCounts[row] as number));
  return r2Score(
    rows.map((row) => target.values[row] as number),
    predicted,
  );
}

function addTrees(input: OutOfBagInput): void {
  const { forest, columns, rowWeights, options, rows, sums, treeCounts } = input;
  const drawn = new Float64Array(columns[0]?.length ?? 0);
  const values = new Float64Array(columns.length);
  for (let tree = 0; tree < forest.roots.length; tree += 1) {
    drawRows(drawn, createRandom(options.seed, tree), rowWeights, options);
    for (let row = rows.start; row < rows.end; row += 1) {
      if (drawn[row] !== 0) continue;
      columns.forEach((column, i) => {
        values[i] = column[row] as number;
      });
      addLeaf(forest, leafValue(forest, tree, values, 0), sums, row);
      treeCounts[row] = (treeCounts[row] as number) + 1;
    }
  }
}

function addLeaf(
  { classCount, distributions }: Forest,
  leaf: number,
  sums: readonly Float64Array[],
  row: number,
): void {
  if (classCount === 0) increase(sums[0], row, leaf);
  else if (leaf < classCount) increase(sums[leaf], row, 1);
  else {
    const offset = (leaf - classCount) * classCount;
    sums.forEach((values, code) => {
      increase(values, row, distributions[offset + code] as number);
    });
  }
}

function increase(values: Float64Array | undefined, row: number, by: number): void {
  if (values) values[row] = (values[row] as number) + by;
}
