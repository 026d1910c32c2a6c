/** Forests as a TreeEnsemble of ai.onnx.ml 5, which takes and gives doubles. */
import type { Forest } from '../forest-predict.ts';
import { doubleTensor, type GraphBuilder } from './graph-builder.ts';
import { ML_DOMAIN, type Tensor } from './model-proto.ts';

/** The predicted numbers: a matrix of one column. */
export function forestNumbers(
  graph: GraphBuilder,
  X: string,
  forest: Forest,
  combination: 'mean' | 'median',
): string {
  const treeCount = forest.roots.length;
  if (combination === 'median') {
    // Of an even number the lower of both middle ones, as forest-predict.ts has it.
    const count = ((treeCount - 1) >> 1) + 1;
    return graph.column(graph.lowest(leafValues(graph, X, forest), count), count - 1);
  }
  const sums = ensemble(graph, X, forest, 1);
  return graph.compute('Div', sums, graph.number(treeCount));
}

/**
 * The probabilities: a matrix with a column for each class. A leaf of TreeEnsemble has one number only: it is which
 * distribution the leaf has, and the distributions are looked up, class by class.
 */
export function forestProbabilities(
  graph: GraphBuilder,
  X: string,
  forest: Forest,
  combination: 'soft' | 'hard',
): string {
  const leaves = graph.node('Cast', [leafValues(graph, X, forest)], { to: INT64 });
  const table = distributionTable(forest, combination);
  const columns = table.map((probabilities) => {
    const ofTrees = graph.node('Gather', [graph.doubles(probabilities), leaves], { axis: 0 });
    return graph.rowSums(ofTrees);
  });
  return graph.compute('Div', graph.concat(columns), graph.number(forest.roots.length));
}

const INT64 = 7;

/** The value of the leaf that each tree comes to: a matrix with a column for each tree. */
function leafValues(graph: GraphBuilder, X: string, forest: Forest): string {
  return ensemble(graph, X, forest, forest.roots.length);
}

/** By class: its probability in the pure leaves of each class, then in each distribution. */
function distributionTable(
  { classCount, distributions }: Forest,
  combination: 'soft' | 'hard',
): Float64Array[] {
  const rowCount = classCount + distributions.length / classCount;
  const table = Array.from({ length: classCount }, () => new Float64Array(rowCount));
  for (let row = 0; row < rowCount; row += 1) {
    const start = (row - classCount) * classCount;
    const shares = start < 0 ? null : distributions.subarray(start, start + classCount);
    const highest = shares === null ? row : shares.indexOf(Math.max(...shares));
    table.forEach((probabilities, code) => {
      const isCounted = shares === null || combination === 'hard';
      probabilities[row] = isCounted ? Number(code === highest) : (shares[code] as number);
    });
  }
  return table;
}

/** Sums up the leaves' values: of all trees for one target, or of each tree for a target of its own. */
function ensemble(graph: GraphBuilder, X: string, forest: Forest, targetCount: number): string {
  const { numbers, roots, splitCount, leafCount } = numberNodes(forest);
  const splits = splitsOf(forest, numbers, roots, splitCount);
  const targets = new Int32Array(leafCount);
  const values = new Float64Array(leafCount);
  eachNode(forest, (node, tree) => {
    if (isSplit(forest, node)) return;
    targets[numbers[node] as number] = targetCount === 1 ? 0 : tree;
    values[numbers[node] as number] = forest.threshold[node] as number;
  });
  const attributes = {
    n_targets: targetCount,
    aggregate_function: SUM,
    post_transform: NONE,
    tree_roots: roots,
    ...splits,
    leaf_targetids: targets,
    leaf_weights: doubleTensor(values),
  };
  return graph.node('TreeEnsemble', [X], attributes, ML_DOMAIN);
}

const SUM = 1;
const NONE = 0;
/** The mode of a split: up to the threshold to the true side. */
const LESS_OR_EQUAL = 0;

interface Numbering {
  /** By node: its number among the splits, or among the leaves. */
  readonly numbers: Int32Array;
  /** By tree: the number of its first split. A tree that is one leaf has a split of its own, for it must have one. */
  readonly roots: Int32Array;
  readonly splitCount: number;
  readonly leafCount: number;
}

function numberNodes(forest: Forest): Numbering {
  const numbers = new Int32Array(forest.feature.length);
  const roots = new Int32Array(forest.roots.length);
  let splitCount = 0;
  let leafCount = 0;
  eachNode(forest, (node, tree) => {
    const isRoot = node === forest.roots[tree];
    if (isRoot) roots[tree] = splitCount;
    if (isSplit(forest, node)) {
      numbers[node] = splitCount;
      splitCount += 1;
      return;
    }
    numbers[node] = leafCount;
    leafCount += 1;
    if (isRoot) splitCount += 1;
  });
  return { numbers, roots, splitCount, leafCount };
}

/** The attributes that describe the splits. */
function splitsOf(forest: Forest, numbers: Int32Array, roots: Int32Array, splitCount: number) {
  const features = new Int32Array(splitCount);
  const thresholds = new Float64Array(splitCount);
  const missingLeft = new Int32Array(splitCount);
  const sides = {
    nodes_truenodeids: new Int32Array(splitCount),
    nodes_trueleafs: new Int32Array(splitCount),
    nodes_falsenodeids: new Int32Array(splitCount),
    nodes_falseleafs: new Int32Array(splitCount),
  };
  eachNode(forest, (node, tree) => {
    const isInner = isSplit(forest, node);
    if (!isInner && node !== forest.roots[tree]) return;
    const split = (isInner ? numbers[node] : roots[tree]) as number;
    const left = isInner ? node + 1 : node;
    const right = isInner ? (forest.roots[tree] as number) + (forest.right[node] as number) : node;
    if (isInner) {
      features[split] = forest.feature[node] as number;
      thresholds[split] = forest.threshold[node] as number;
      missingLeft[split] = forest.missingLeft[node] as number;
    }
    sides.nodes_truenodeids[split] = numbers[left] as number;
    sides.nodes_trueleafs[split] = Number(!isSplit(forest, left));
    sides.nodes_falsenodeids[split] = numbers[right] as number;
    sides.nodes_falseleafs[split] = Number(!isSplit(forest, right));
  });
  const modes = new Uint8Array(splitCount).fill(LESS_OR_EQUAL);
  return {
    nodes_featureids: features,
    nodes_splits: doubleTensor(thresholds),
    nodes_missing_value_tracks_true: missingLeft,
    nodes_modes: { type: 'uint8', dims: [splitCount], values: modes } satisfies Tensor,
    ...sides,
  };
}

function eachNode({ roots, feature }: Forest, visit: (node: number, tree: number) => void): void {
  roots.forEach((root, tree) => {
    const end = roots[tree + 1] ?? feature.length;
    for (let node = root; node < end; node += 1) visit(node, tree);
  });
}

function isSplit({ feature }: Forest, node: number): boolean {
  return (feature[node] as number) >= 0;
}
