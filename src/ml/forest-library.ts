/** Forests from and to the public JSON of ml-random-forest. */
import { CorruptObject } from '../errors.ts';
import { concatFloat64, concatInt32 } from './arrays.ts';
import type { GrownTrees } from './forest-grow.ts';
import type { ForestClassifierOptions, ForestRegressionOptions } from './forest-options.ts';
import type { Forest } from './forest-predict.ts';
import { mergeTrees } from './forest-state.ts';
import { fieldsOf, positionalFeatures } from './library-class.ts';
import type { Label, ModelState } from './state.ts';

/** A node as ml-cart writes it: rows with a value below `splitValue` go left. */
interface LibraryNode {
  readonly splitColumn?: number;
  readonly splitValue?: number;
  readonly left?: LibraryNode;
  readonly right?: LibraryNode;
  /** In a leaf: class probabilities in a matrix of one row, or the predicted number. */
  readonly distribution?: readonly (readonly number[])[] | number;
}

/** What ml-random-forest's `toJSON` returns for a fitted instance. */
interface LibraryForest {
  readonly baseModel: {
    /** Of each tree: which feature its columns are. */
    readonly indexes: readonly (readonly number[])[];
    readonly estimators: readonly { readonly root: LibraryNode }[];
  };
}

type AnyForestOptions = ForestClassifierOptions | ForestRegressionOptions;

const FIELDS = [
  'nEstimators',
  'seed',
  'useSampleBagging',
  'maxSamples',
  'treeOptions',
  'selectionMethod',
] as const;

/** Options that the library has not: an instance keeps them as properties of its own, if they are set on it. */
const OWN_FIELDS = ['classWeight', 'maxLeafNodes', 'oobScore', 'voting'] as const;

/**
 * The options that an instance carries. The library's default of `maxFeatures`, all of them, counts as not
 * given: an instance does not tell it from a wish.
 */
export function instanceOptions(instance: unknown): Record<string, unknown> {
  const { maxFeatures, ...fields } = fieldsOf(instance);
  const known = [...FIELDS, ...OWN_FIELDS].filter((name) => fields[name] !== undefined);
  const options = known.map((name) => [name, fields[name]]);
  const isGiven = maxFeatures !== undefined && maxFeatures !== 1;
  return { ...Object.fromEntries(options), ...(isGiven ? { maxFeatures } : {}) };
}

/** Sets the options that the library has not on its instance. */
export function withOwnOptions(instance: object, options: AnyForestOptions): object {
  const given = new Map(Object.entries(options));
  const own = OWN_FIELDS.filter((name) => given.get(name)).map((name) => [name, given.get(name)]);
  return Object.assign(instance, Object.fromEntries(own));
}

/** The library's options; it has no `sqrt` and `log2`. */
export function libraryOptions(options: AnyForestOptions): Record<string, unknown> {
  const { nEstimators, seed, useSampleBagging, maxFeatures, maxSamples } = options;
  return {
    nEstimators,
    seed,
    useSampleBagging,
    noOOB: true,
    treeOptions: treeOptionsOf(options),
    ...(typeof maxFeatures === 'number' ? { maxFeatures } : {}),
    ...(maxSamples === null ? {} : { maxSamples }),
    ...('selectionMethod' in options ? { selectionMethod: options.selectionMethod } : {}),
  };
}

/**
 * A fitted forest as ml-random-forest's `load` takes it. Each tree predicts the same there, from encoded
 * features. Labels that the library can have, whole numbers from 0 to {@link MAX_LIBRARY_LABEL}, stay as
 * they are; others become 0..K-1, in the order of the state's labels. The stock class counts votes, as
 * `voting: 'hard'` does here, and sends missing numbers to the upper side of every split.
 */
export function exportForest(state: ModelState, forest: Forest, options: Record<string, unknown>): object {
  const { classes } = state.meta.target;
  const isClassifier = classes !== null;
  const labels = libraryLabels(classes ?? []);
  const featureCount = state.arrays.importances?.length ?? 0;
  const everyFeature = Array.from({ length: featureCount }, (_, i) => i);
  const treeOptions = { ...Object(options.treeOptions), kind: isClassifier ? 'classifier' : 'regression' };
  const estimators = Array.from(forest.roots, (root, tree) => ({
    name: isClassifier ? 'DTClassifier' : 'DTRegression',
    options: treeOptions,
    root: exportTree(forest, labels, root, forest.roots[tree + 1] ?? forest.feature.length),
  }));
  return {
    name: isClassifier ? 'RFClassifier' : 'RFRegression',
    selectionMethod: options.selectionMethod,
    baseModel: {
      ...options,
      isClassifier,
      n: featureCount,
      nEstimators: estimators.length,
      indexes: estimators.map(() => everyFeature),
      estimators,
    },
  };
}

/**
 * The state of an instance, null if it is not fitted.
 *
 * @throws CorruptObject when its trees cannot be read.
 */
export function importForest(
  estimator: string,
  instance: unknown,
  options: AnyForestOptions,
): ModelState | null {
  const { estimators, numberFeatures } = fieldsOf(instance);
  if (!Array.isArray(estimators)) return null;
  const model: unknown = JSON.parse(JSON.stringify(instance));
  if (!isLibraryForest(model)) {
    throw new CorruptObject(
      `the ${estimator} has trees that cannot be read: train it with ml-random-forest 2`,
    );
  }
  const { indexes, estimators: trees } = model.baseModel;
  const highest = indexes.flat().reduce((most, column) => Math.max(most, column), 0);
  const width = Number(numberFeatures ?? highest + 1);
  const classes = 'voting' in options ? labelsOf(trees.map(({ root }) => root)) : null;
  const imported = trees.map(({ root }, tree) => importTree(root, indexes[tree] ?? [], classes, width));
  return {
    meta: {
      estimator,
      options,
      features: positionalFeatures(width),
      named: false,
      target: { names: ['0'], classes },
    },
    arrays: mergeTrees(imported, classes?.length ?? 0, width),
  };
}

function treeOptionsOf({ maxDepth, minNumSamples, gainThreshold }: AnyForestOptions): object {
  return {
    splitFunction: 'mean',
    maxDepth: maxDepth ?? Number.POSITIVE_INFINITY,
    minNumSamples,
    ...(gainThreshold === null ? {} : { gainThreshold }),
  };
}

/** Children come after their parent: built from the last node to the first, each finds its own ready. */
function exportTree(
  forest: Forest,
  labels: readonly number[],
  root: number,
  end: number,
): LibraryNode | undefined {
  const nodes: LibraryNode[] = new Array(end - root);
  for (let i = nodes.length - 1; i >= 0; i -= 1) {
    const threshold = forest.threshold[root + i] as number;
    const splitColumn = forest.feature[root + i] as number;
    const left = nodes[i + 1];
    const right = nodes[forest.right[root + i] as number];
    if (splitColumn >= 0 && left && right)
      nodes[i] = { splitColumn, splitValue: nextUp(threshold), left, right };
    else nodes[i] = { distribution: leafDistribution(forest, labels, threshold) };
  }
  return nodes[0];
}

function leafDistribution(
  { classCount, distributions }: Forest,
  labels: readonly number[],
  leaf: number,
): number[][] | number {
  if (classCount === 0) return leaf;
  const offset = (leaf - classCount) * classCount;
  const byLabel = new Array<number>((labels.at(-1) ?? 0) + 1).fill(0);
  labels.forEach((label, code) => {
    byLabel[label] = leaf < classCount ? Number(code === leaf) : (distributions[offset + code] as number);
  });
  return [byLabel];
}

/** Every leaf has an entry for each number up to the highest label. */
const MAX_LIBRARY_LABEL = 1000;

/** The labels, ascending, as the library can have them. */
function libraryLabels(classes: readonly Label[]): number[] {
  const labels = classes.map((label, code) => (typeof label === 'number' ? label : code));
  const areIndices = labels.every((label) => label >= 0 && label <= MAX_LIBRARY_LABEL);
  return areIndices ? labels : labels.map((_, code) => code);
}

function isLibraryForest(model: unknown): model is LibraryForest {
  if (typeof model !== 'object' || model === null || !('baseModel' in model)) return false;
  const { indexes, estimators } = fieldsOf(model.baseModel);
  return (
    Array.isArray(indexes) && Array.isArray(estimators) && estimators.every((tree) => 'root' in Object(tree))
  );
}

/** The labels that occur in leaves, ascending: the library numbers its classes by their labels. */
function labelsOf(roots: readonly LibraryNode[]): number[] {
  const labels = new Set<number>();
  for (const root of roots) {
    for (const { distribution } of preorder(root)) {
      if (!Array.isArray(distribution)) continue;
      distribution[0]?.forEach((probability: number, label: number) => {
        if (probability > 0) labels.add(label);
      });
    }
  }
  return [...labels].sort((a, b) => a - b);
}

function importTree(
  root: LibraryNode,
  columns: readonly number[],
  labels: readonly number[] | null,
  width: number,
): GrownTrees {
  const nodes = preorder(root);
  const positions = new Map(nodes.map((node, i) => [node, i]));
  const distributions: Float64Array[] = [];
  const threshold = Float64Array.from(nodes, (node) => {
    return isSplit(node) ? nextDown(node.splitValue) : leaf(node);
  });
  return {
    feature: Int32Array.from(nodes, (node) => (isSplit(node) ? (columns[node.splitColumn] ?? 0) : -1)),
    threshold,
    missingLeft: new Uint8Array(nodes.length),
    right: Int32Array.from(nodes, (node) => (isSplit(node) ? (positions.get(node.right) ?? 0) : 0)),
    sizes: concatInt32([Int32Array.of(nodes.length)]),
    distributions: concatFloat64(distributions),
    importances: new Float64Array(width),
  };

  function leaf({ distribution }: LibraryNode): number {
    if (typeof distribution === 'number') return distribution;
    if (!labels || !distribution) return Number.NaN;
    distributions.push(Float64Array.from(labels, (label) => distribution[0]?.[label] ?? 0));
    return labels.length + distributions.length - 1;
  }
}

type SplitNode = Required<Pick<LibraryNode, 'splitColumn' | 'splitValue' | 'left' | 'right'>>;

function isSplit(node: LibraryNode): node is SplitNode {
  return node.distribution === undefined && node.left !== undefined && node.right !== undefined;
}

function preorder(root: LibraryNode): LibraryNode[] {
  const nodes: LibraryNode[] = [];
  const pending = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    nodes.push(node);
    if (isSplit(node)) pending.push(node.right, node.left);
  }
  return nodes;
}

/** The smallest double above a finite one, but no infinity, which JSON cannot write. */
function nextUp(value: number): number {
  if (value >= Number.MAX_VALUE) return value;
  return neighbour(value, 1);
}

function nextDown(value: number): number {
  return value >= Number.MAX_VALUE ? value : neighbour(value, -1);
}

function neighbour(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const step = BigInt(value > 0 ? direction : -direction);
  view.setBigInt64(0, view.getBigInt64(0) + step);
  return view.getFloat64(0);
}
