/** Grows the trees of a forest in threads. */
import { randomUUID } from 'node:crypto';
import type { Kernel } from '../contract/threads.ts';
import { concatFloat64, concatInt32, concatUint8 } from './arrays.ts';
import { mapChunks, type Range } from './chunks.ts';
import type { FitContext } from './estimator.ts';
import type { CodedFeature } from './forest-codes.ts';
import type { Nodes } from './forest-nodes.ts';
import type { SplitSearch } from './forest-split.ts';
import type { Samples } from './forest-table.ts';
import { type LeafOf, TreeGrower, type TreeLimits } from './forest-tree.ts';
import { createRandom, type Random } from './random.ts';

/** What the trees are to predict: classes, or numbers. */
export type ForestTarget =
  | { readonly type: 'classes'; readonly codes: Int32Array; readonly classCount: number }
  | { readonly type: 'numbers'; readonly values: Float64Array };

/** How the trees are grown. */
export interface GrowOptions extends TreeLimits {
  readonly seed: number;
  readonly useSampleBagging: boolean;
  readonly rowsPerTree: number;
}

interface GrowInput {
  /** The same for all calls of one fit, which differ in their trees only. */
  readonly fit: string;
  readonly features: readonly CodedFeature[];
  readonly target: ForestTarget;
  /** How much each row counts, 1 on average; null if all are the same. */
  readonly rowWeights: Float64Array | null;
  readonly options: GrowOptions;
  readonly trees: Range;
}

/** Trees one after the other. */
export interface GrownTrees extends Nodes {
  /** Number of nodes of each tree. */
  readonly sizes: Int32Array;
  /**
   * Of leaves that are not pure, one after the other: the probability of each class. A leaf's `threshold`
   * is a class code if it is pure, else the number of classes plus the index of its distribution here.
   */
  readonly distributions: Float64Array;
  /** By tree and feature: the tree's importances, which sum to 1 (or 0 in a tree without a split). */
  readonly importances: Float64Array;
}

/** About this much work, in rows × features looked at, goes to a thread at once (some 100 ms). */
const CHUNK_WORK = 5_000_000;

/** Grows trees `0..treeCount`; tree i depends on the seed and i alone. */
export async function growForest(
  features: readonly CodedFeature[],
  target: ForestTarget,
  rowWeights: Float64Array | null,
  options: GrowOptions,
  treeCount: number,
  context: FitContext,
): Promise<GrownTrees[]> {
  const levels = Math.log2(options.rowsPerTree + 2);
  const workPerTree = options.rowsPerTree * options.featuresPerSplit * levels;
  const share = Math.ceil(treeCount / Math.max(1, context.threads.cores));
  const size = Math.max(1, Math.min(share, Math.floor(CHUNK_WORK / workPerTree)));
  const input = { fit: randomUUID(), features, target, rowWeights, options };
  return mapChunks(context, treeCount, size, (trees) =>
    context.threads.run(growKernel, { ...input, trees }, context.signal),
  );
}

export const growKernel: Kernel<GrowInput, GrownTrees> = { name: 'forest.grow', run: growTrees };

/** What grows the trees of one fit in this thread. */
interface FitGrower {
  readonly fit: string;
  readonly grower: TreeGrower;
  /** Of the samples. */
  readonly center: number;
  /** Draws the rows of the next tree. */
  readonly draw: (random: Random) => void;
}

/** Of the last call: it has some 50 bytes for each row, which the next one uses again. Collected once the thread is idle. */
let lastGrower: WeakRef<FitGrower> | undefined;

function growTrees(input: GrowInput): GrownTrees {
  const { features, target, options, trees } = input;
  const { grower, center, draw } = growerOf(input);
  const { leafOf, distributions } = leaves(target, center);
  const grown: Nodes[] = [];
  const importances: Float64Array[] = [];
  for (let tree = trees.start; tree < trees.end; tree += 1) {
    const random = createRandom(options.seed, tree);
    const importance = new Float64Array(features.length);
    draw(random);
    grown.push(grower.grow(random, leafOf, importance));
    importances.push(toShares(importance));
  }
  return {
    feature: concatInt32(grown.map(({ feature }) => feature)),
    threshold: concatFloat64(grown.map(({ threshold }) => threshold)),
    right: concatInt32(grown.map(({ right }) => right)),
    missingLeft: concatUint8(grown.map(({ missingLeft }) => missingLeft)),
    sizes: concatInt32([Int32Array.from(grown, ({ feature }) => feature.length)]),
    distributions: concatFloat64(distributions),
    importances: concatFloat64(importances),
  };
}

function growerOf({ fit, features, target, rowWeights, options }: GrowInput): FitGrower {
  const last = lastGrower?.deref();
  if (last?.fit === fit) return last;
  const { samples, draw } = sampling(target, rowWeights, options);
  const grower = new TreeGrower({ features, samples }, options);
  const fitGrower = { fit, grower, center: samples.center, draw };
  lastGrower = new WeakRef(fitGrower);
  return fitGrower;
}

/** The samples of one tree after the other: `draw` changes their weights. */
function sampling(target: ForestTarget, rowWeights: Float64Array | null, options: GrowOptions) {
  const rowCount = target.type === 'classes' ? target.codes.length : target.values.length;
  const center = target.type === 'numbers' ? meanOf(target.values, rowWeights) : 0;
  const hasChannels = target.type === 'classes' && target.classCount > 2;
  const samples: Samples = {
    channelCount: hasChannels ? target.classCount : 1,
    channel: hasChannels ? target.codes : new Int32Array(0),
    weight: new Float64Array(rowCount),
    value: channelValues(target),
    center,
    gainFactor: target.type === 'classes' && !hasChannels ? 2 : 1,
  };
  return { samples, draw };

  function draw(random: Random): void {
    drawRows(samples.weight, random, rowWeights, options);
    if (rowWeights) scale(samples.weight, rowWeights);
  }
}

/** The numbers, or of two classes one for each row of the second. */
function channelValues(target: ForestTarget): Float64Array {
  if (target.type === 'numbers') return target.values;
  const values = new Float64Array(target.codes.length);
  values.set(target.codes);
  return values;
}

function scale(weight: Float64Array, rowWeights: Float64Array): void {
  for (let row = 0; row < weight.length; row += 1) {
    weight[row] = (weight[row] as number) * (rowWeights[row] as number);
  }
}

/** Counts how often each row is drawn. Where none of those counts, one that does takes the place of one: a tree needs a row. */
export function drawRows(
  drawn: Float64Array,
  random: Random,
  rowWeights: Float64Array | null,
  options: Pick<GrowOptions, 'useSampleBagging' | 'rowsPerTree'>,
): void {
  drawAny(drawn, random, options);
  if (!rowWeights || drawn.some((times, row) => times > 0 && rowWeights[row] !== 0)) return;
  const replaced = drawn.findIndex((times) => times > 0);
  drawn[replaced] = (drawn[replaced] as number) - 1;
  const counting = Array.from(rowWeights.keys()).filter((row) => rowWeights[row] !== 0);
  drawn[counting[random.below(counting.length)] as number] = 1;
}

function drawAny(
  drawn: Float64Array,
  random: Random,
  { useSampleBagging, rowsPerTree }: Pick<GrowOptions, 'useSampleBagging' | 'rowsPerTree'>,
): void {
  if (!useSampleBagging && rowsPerTree === drawn.length) {
    drawn.fill(1);
    return;
  }
  drawn.fill(0);
  for (let count = 0; count < rowsPerTree; ) {
    const row = random.below(drawn.length);
    const before = drawn[row] as number;
    if (!useSampleBagging && before > 0) continue;
    drawn[row] = before + 1;
    count += 1;
  }
}

function leaves(target: ForestTarget, center: number): { leafOf: LeafOf; distributions: Float64Array[] } {
  const distributions: Float64Array[] = [];
  if (target.type === 'numbers') {
    return {
      leafOf: (node) => (node.isPure ? node.first : center + node.mean),
      distributions,
    };
  }
  const { classCount } = target;
  return { leafOf: classLeaf, distributions };

  function classLeaf({ isPure, first, totals, weight }: SplitSearch): number {
    if (isPure) return first;
    distributions.push(shares(totals, weight));
    return classCount + distributions.length - 1;
  }
}

/** By class. Of two classes, the totals are those of the second. */
function shares(totals: Float64Array, weight: number): Float64Array {
  if (totals.length > 1) return totals.map((total) => total / weight);
  const [second = 0] = totals;
  return Float64Array.of((weight - second) / weight, second / weight);
}

/** Weights are 1 on average: their sum is the number of values. */
function meanOf(values: Float64Array, weights: Float64Array | null): number {
  if (!weights) return values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value, row) => sum + value * (weights[row] as number), 0) / values.length;
}

function toShares(importances: Float64Array): Float64Array {
  const total = importances.reduce((sum, importance) => sum + importance, 0);
  return total > 0 ? importances.map((importance) => importance / total) : importances;
}
