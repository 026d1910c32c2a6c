/** Grows one tree. */
import { NodeList, type Nodes } from './forest-nodes.ts';
import { type Node, SplitSearch } from './forest-split.ts';
import { capacityOf, copyRows, nestedTables, type Table } from './forest-table.ts';
import type { Random } from './random.ts';

/** When a node is not split any more. */
export interface TreeLimits {
  readonly featuresPerSplit: number;
  readonly maxDepth: number | null;
  readonly minNumSamples: number;
  readonly minSamplesLeaf: number;
  readonly gainThreshold: number | null;
  readonly maxLeafNodes?: number;
}

/** What a leaf stores in `threshold`, for the node that the search has entered. */
export type LeafOf = (node: SplitSearch) => number;

/** Rows of a node that is to be split, or a leaf. */
interface Part {
  /** Which has those rows. */
  readonly table: Table;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

/** What the search has found. */
interface Split {
  readonly feature: number;
  readonly code: number;
  readonly nextCode: number;
  /** The impurity that it takes away, times rows. */
  readonly gain: number;
  readonly hasMissing: boolean;
  readonly missingLeft: boolean;
}

interface OpenNode extends Part {
  readonly split: Split | null;
  sides: readonly [OpenNode, OpenNode] | null;
}

/** Grows trees over the same features, for samples whose weights and amounts change from tree to tree. */
export class TreeGrower {
  readonly #all: Table;
  /** Of `#all`, and for copies of some rows. */
  readonly #tables: readonly Table[];
  readonly #limits: TreeLimits;
  readonly #search: SplitSearch;
  readonly #order: Int32Array;
  readonly #nodes: NodeList;
  readonly #rows: Int32Array;
  readonly #spare: Int32Array;

  constructor(table: Table, limits: TreeLimits) {
    const rowCount = capacityOf(table);
    this.#all = table;
    this.#tables = nestedTables(table);
    this.#limits = limits;
    this.#search = new SplitSearch(table, limits.minSamplesLeaf > 1 ? limits.minSamplesLeaf : 0);
    this.#order = Int32Array.from(table.features, (_, i) => i);
    this.#rows = new Int32Array(rowCount);
    this.#spare = new Int32Array(rowCount);
    this.#nodes = new NodeList(2 * rowCount);
  }

  /**
   * Grows a tree on the rows of positive weight.
   *
   * @param importances by feature: the impurity that its splits took away is added, times rows.
   */
  grow(random: Random, leafOf: LeafOf, importances: Float64Array): Nodes {
    this.#nodes.clear();
    this.#order.forEach((_, i) => {
      this.#order[i] = i;
    });
    const root = { table: this.#all, start: 0, end: this.#drawnRows(), depth: 0 };
    const { maxLeafNodes } = this.#limits;
    if (maxLeafNodes === undefined) this.#growAll(root, random, leafOf, importances);
    else this.#growBest(root, maxLeafNodes, random, leafOf, importances);
    return this.#nodes.copy();
  }

  /** Splits every node that can be split, depth first. */
  #growAll(root: Part, random: Random, leafOf: LeafOf, importances: Float64Array): void {
    const pending = [{ ...root, parent: -1 }];
    for (let next = pending.pop(); next; next = pending.pop()) {
      const { start, end, depth, parent } = next;
      const table = this.#gatherRows(next);
      const node = { table, rows: this.#rows, start, end };
      const index = this.#nodes.append(parent);
      this.#search.enter(node);
      if (!this.#findSplit(node, depth, random)) {
        this.#nodes.setLeaf(index, leafOf(this.#search));
        continue;
      }
      const split = this.#foundSplit();
      importances[split.feature] = (importances[split.feature] ?? 0) + split.gain;
      const middle = this.#partition(node, split);
      this.#setSplit(index, split, { start, middle, end });
      pending.push({ table, start: middle, end, depth: depth + 1, parent: index });
      pending.push({ table, start, end: middle, depth: depth + 1, parent: -1 });
    }
  }

  /** Splits the node that gains most, until there are enough leaves. */
  #growBest(
    root: Part,
    maxLeafNodes: number,
    random: Random,
    leafOf: LeafOf,
    importances: Float64Array,
  ): void {
    const tree = this.#open(root, random);
    const open = [tree];
    for (let leaves = 1; leaves < maxLeafNodes; leaves += 1) {
      const best = takeBest(open);
      if (!best?.split) break;
      const { table, start, end, depth, split } = best;
      importances[split.feature] = (importances[split.feature] ?? 0) + split.gain;
      const middle = this.#partition({ table, rows: this.#rows, start, end }, split);
      best.sides = [
        this.#open({ table, start, end: middle, depth: depth + 1 }, random),
        this.#open({ table, start: middle, end, depth: depth + 1 }, random),
      ];
      open.push(...best.sides);
    }
    this.#writeTree(tree, leafOf);
  }

  #open(part: Part, random: Random): OpenNode {
    const { table, start, end, depth } = part;
    const node = { table, rows: this.#rows, start, end };
    this.#search.enter(node);
    const split = this.#findSplit(node, depth, random) ? this.#foundSplit() : null;
    return { ...part, split, sides: null };
  }

  /** Writes nodes that are linked in preorder. */
  #writeTree(tree: OpenNode, leafOf: LeafOf): void {
    const pending = [{ node: tree, parent: -1 }];
    for (let next = pending.pop(); next; next = pending.pop()) {
      const { table, start, end, split, sides } = next.node;
      const index = this.#nodes.append(next.parent);
      if (!split || !sides) {
        this.#search.enter({ table, rows: this.#rows, start, end });
        this.#nodes.setLeaf(index, leafOf(this.#search));
        continue;
      }
      const [left, right] = sides;
      this.#setSplit(index, split, { start, middle: left.end, end });
      pending.push({ node: right, parent: index }, { node: left, parent: -1 });
    }
  }

  /**
   * Copies the rows of a node to the smallest table that has room, unless that has them already. They stay there until
   * its children are grown: the next to be copied there is not one of them.
   */
  #gatherRows({ table, start, end }: Part): Table {
    const near = this.#tables.findLast((other) => capacityOf(other) >= end - start) ?? table;
    if (near === table) return table;
    const rows = this.#rows.subarray(start, end);
    copyRows(table, near, rows);
    for (let i = 0; i < rows.length; i += 1) rows[i] = i;
    return near;
  }

  #foundSplit(): Split {
    const { feature, code, nextCode, gain, hasMissing, missingLeft } = this.#search;
    return { feature, code, nextCode, gain, hasMissing, missingLeft };
  }

  /** Where no value was missing, one that is missing later goes with the most rows, as in scikit-learn. */
  #setSplit(
    index: number,
    split: Split,
    { start, middle, end }: { start: number; middle: number; end: number },
  ): void {
    const missingLeft = split.hasMissing ? split.missingLeft : middle - start > end - middle;
    this.#nodes.setSplit(index, split.feature, this.#threshold(split), missingLeft);
  }

  #drawnRows(): number {
    const { weight } = this.#all.samples;
    let count = 0;
    for (let row = 0; row < weight.length; row += 1) {
      if (weight[row] === 0) continue;
      this.#rows[count] = row;
      count += 1;
    }
    return count;
  }

  /** Searches a split on features drawn at random; more than the wanted number only while none varies. */
  #findSplit(node: Node, depth: number, random: Random): boolean {
    const { featuresPerSplit, gainThreshold } = this.#limits;
    const search = this.#search;
    if (this.#mustBeLeaf(depth)) return false;
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
    return gainThreshold === null || search.gain / search.weight > gainThreshold;
  }

  /** Limits of 1 are none: then a weight below 1 must not count as less than a row. */
  #mustBeLeaf(depth: number): boolean {
    const { maxDepth, minNumSamples, minSamplesLeaf } = this.#limits;
    const { isPure, weight } = this.#search;
    if (isPure || (maxDepth !== null && depth >= maxDepth)) return true;
    return (
      (minNumSamples > 1 && weight <= minNumSamples) || (minSamplesLeaf > 1 && weight < 2 * minSamplesLeaf)
    );
  }

  /** Half-way between two values that are neighbours in the node. */
  #threshold({ feature, code, nextCode }: Split): number {
    const coded = this.#all.features[feature];
    const below = coded?.high[code] ?? 0;
    const above = coded?.low[nextCode] ?? 0;
    // Only missing values lie above: every number goes left.
    if (above === Number.POSITIVE_INFINITY) return Number.MAX_VALUE;
    const middle = below / 2 + above / 2;
    return middle < above && middle >= below ? middle : below;
  }

  /** Moves the rows that go left to the front, in their order. Returns where the others start. */
  #partition({ table, rows, start, end }: Node, { feature, code, missingLeft }: Split): number {
    const coded = table.features[feature];
    const codes = coded?.codes ?? new Uint8Array(0);
    const missing = coded && missingLeft ? coded.codeCount - 1 : -1;
    const spare = this.#spare;
    let left = start;
    let right = 0;
    for (let i = start; i < end; i += 1) {
      const row = rows[i] as number;
      const own = codes[row] as number;
      if (own <= code || own === missing) {
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

/** Takes the node of highest gain out of the list; undefined if none can be split. */
function takeBest(open: OpenNode[]): OpenNode | undefined {
  let best = -1;
  open.forEach(({ split }, i) => {
    if (split && (best < 0 || split.gain > (open[best]?.split?.gain ?? 0))) best = i;
  });
  return best < 0 ? undefined : open.splice(best, 1)[0];
}
