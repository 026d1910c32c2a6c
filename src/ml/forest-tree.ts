/** Grows one tree. */
import type { CodedFeature } from './forest-codes.ts';
import { type Node, type Samples, SplitSearch } from './forest-split.ts';
import type { Random } from './random.ts';

/** When a node is not split any more. */
export interface TreeLimits {
  readonly featuresPerSplit: number;
  readonly maxDepth: number | null;
  readonly minNumSamples: number;
  readonly minSamplesLeaf: number;
  readonly gainThreshold: number | null;
}

/**
 * A tree, or several one after the other, in preorder. `feature` is -1 in a leaf. In a split, rows with a
 * value up to `threshold` go to the next node, the others to `right` (counted from the tree's first node).
 * In a leaf, `threshold` is the prediction: a number, or the index of a distribution (see {@link LeafOf}).
 */
export interface Nodes {
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly right: Int32Array;
}

/** What a leaf stores in `threshold`, for the node that the search has entered and the first of its rows. */
export type LeafOf = (node: SplitSearch, firstRow: number) => number;

/** Grows trees over the same features, for samples whose weights and amounts change from tree to tree. */
export class TreeGrower {
  readonly #features: readonly CodedFeature[];
  readonly #samples: Samples;
  readonly #limits: TreeLimits;
  readonly #search: SplitSearch;
  readonly #order: Int32Array;
  readonly #nodes: Nodes;
  readonly #rows: Int32Array;
  readonly #spare: Int32Array;
  #size = 0;

  constructor(features: readonly CodedFeature[], samples: Samples, limits: TreeLimits) {
    const rowCount = samples.weight.length;
    const capacity = 2 * rowCount;
    this.#features = features;
    this.#samples = samples;
    this.#limits = limits;
    this.#search = new SplitSearch(features, samples, limits.minSamplesLeaf);
    this.#order = Int32Array.from(features, (_, i) => i);
    this.#rows = new Int32Array(rowCount);
    this.#spare = new Int32Array(rowCount);
    this.#nodes = {
      feature: new Int32Array(capacity),
      threshold: new Float64Array(capacity),
      right: new Int32Array(capacity),
    };
  }

  /**
   * Grows a tree on the rows of positive weight.
   *
   * @param importances by feature: the impurity that its splits took away is added, times rows.
   */
  grow(random: Random, leafOf: LeafOf, importances: Float64Array): Nodes {
    const search = this.#search;
    const pending = [{ start: 0, end: this.#drawnRows(), depth: 0, parent: -1 }];
    this.#size = 0;
    this.#order.forEach((_, i) => {
      this.#order[i] = i;
    });
    for (let next = pending.pop(); next; next = pending.pop()) {
      const { start, end, depth, parent } = next;
      const node = { rows: this.#rows, start, end };
      const index = this.#append(parent);
      search.enter(node);
      if (!this.#split(node, depth, random)) {
        this.#nodes.feature[index] = -1;
        this.#nodes.threshold[index] = leafOf(search, this.#rows[start] as number);
        continue;
      }
      const { feature, code, nextCode } = search;
      this.#nodes.feature[index] = feature;
      this.#nodes.threshold[index] = this.#threshold(feature, code, nextCode);
      importances[feature] = (importances[feature] ?? 0) + search.score - search.purity;
      const middle = this.#partition(node, feature, code);
      pending.push({ start: middle, end, depth: depth + 1, parent: index });
      pending.push({ start, end: middle, depth: depth + 1, parent: -1 });
    }
    return {
      feature: this.#nodes.feature.slice(0, this.#size),
      threshold: this.#nodes.threshold.slice(0, this.#size),
      right: this.#nodes.right.slice(0, this.#size),
    };
  }

  #drawnRows(): number {
    const { weight } = this.#samples;
    let count = 0;
    for (let row = 0; row < weight.length; row += 1) {
      if (weight[row] === 0) continue;
      this.#rows[count] = row;
      count += 1;
    }
    return count;
  }

  /** A new node; `parent` is the node whose right child it is, -1 for a left child and the root. */
  #append(parent: number): number {
    const index = this.#size;
    this.#size += 1;
    this.#nodes.right[index] = 0;
    if (parent >= 0) this.#nodes.right[parent] = index;
    return index;
  }

  /** Searches a split on features drawn at random; more than the wanted number only while none varies. */
  #split(node: Node, depth: number, random: Random): boolean {
    const { maxDepth, minNumSamples, minSamplesLeaf, featuresPerSplit, gainThreshold } = this.#limits;
    const search = this.#search;
    if (search.isPure || search.weight <= minNumSamples || search.weight < 2 * minSamplesLeaf) return false;
    if (maxDepth !== null && depth >= maxDepth) return false;
    const order = this.#order;
    let varies = false;
    for (let drawn = 0; drawn < order.length && (drawn < featuresPerSplit || !varies); drawn += 1) {
      const other = drawn + random.below(order.length - drawn);
      const feature = order[other] as number;
      order[other] = order[drawn] as number;
      order[drawn] = feature;
      if (search.visit(feature, node)) varies = true;
    }
    if (search.feature < 0) return false;
    return gainThreshold === null || (search.score - search.purity) / search.weight > gainThreshold;
  }

  /** Half-way between two values that are neighbours in the node. */
  #threshold(feature: number, code: number, nextCode: number): number {
    const coded = this.#features[feature];
    const below = coded?.high[code] ?? 0;
    const above = coded?.low[nextCode] ?? 0;
    // Only missing values lie above: every number goes left.
    if (above === Number.POSITIVE_INFINITY) return Number.MAX_VALUE;
    const middle = below / 2 + above / 2;
    return middle < above && middle >= below ? middle : below;
  }

  /** Moves the rows with codes up to `code` to the front, in their order. Returns where the others start. */
  #partition({ rows, start, end }: Node, feature: number, code: number): number {
    const codes = this.#features[feature]?.codes ?? new Uint8Array(0);
    const spare = this.#spare;
    let left = start;
    let right = 0;
    for (let i = start; i < end; i += 1) {
      const row = rows[i] as number;
      if ((codes[row] as number) <= code) {
        rows[left] = row;
        left += 1;
      } else {
        spare[right] = row;
        right += 1;
      }
    }
    rows.set(spare.subarray(0, right), left);
    return left;
  }
}
