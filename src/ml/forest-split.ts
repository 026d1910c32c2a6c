/** Finds the best split of a node. */
import { CodeHistogram, type NodeRows } from './forest-histogram.ts';
import type { Table } from './forest-table.ts';

/** Rows `start` to `end` of a tree's row order, which are rows of the table. */
export interface Node {
  readonly table: Table;
  readonly rows: Int32Array;
  readonly start: number;
  readonly end: number;
}

/** The search for splits; one per thread call, its buffers are reused from node to node. */
export class SplitSearch {
  /** Of the node that was entered last: its total weight and, by channel, amounts. */
  weight = 0;
  readonly totals: Float64Array;
  isPure = false;
  /** The value, or of several channels the channel, of its first row: of all its rows if it is pure. */
  first = 0;
  /** Σ channel² / weight. */
  purity = 0;

  /** The best split so far, -1 if there is none: rows with codes up to `code` go left. */
  feature = -1;
  code = 0;
  /** The next code that occurs in the node. */
  nextCode = 0;
  score = Number.NEGATIVE_INFINITY;
  /** Whether the node has missing values of the feature, and whether they go left. */
  hasMissing = false;
  missingLeft = false;

  readonly #gainFactor: number;
  readonly #minWeight: number;
  readonly #histogram: CodeHistogram;
  readonly #rows: NodeRows;
  readonly #left: Float64Array;
  readonly #right: Float64Array;
  #leftWeight = 0;
  #leftSquares = 0;
  #rightSquares = 0;
  /** Whether the node has missing values of the feature that is looked at. */
  #missing = false;

  /** @param table with all rows. */
  constructor({ features, samples }: Table, minSamplesLeaf: number) {
    const rowCount = samples.weight.length;
    const codeCount = features.reduce((most, feature) => Math.max(most, feature.codeCount), 1);
    this.#gainFactor = samples.gainFactor;
    this.#minWeight = minSamplesLeaf;
    this.totals = new Float64Array(samples.channelCount);
    this.#left = new Float64Array(samples.channelCount);
    this.#right = new Float64Array(samples.channelCount);
    this.#rows = {
      weight: new Float64Array(rowCount),
      amount: new Float64Array(rowCount),
      channel: new Int32Array(rowCount),
    };
    this.#histogram = new CodeHistogram(codeCount, samples.channelCount, this.#rows);
  }

  /** Mean value of the node's first channel. */
  get mean(): number {
    return (this.totals[0] as number) / this.weight;
  }

  /** What the impurity loses by the best split, times weight. */
  get gain(): number {
    return (this.score - this.purity) * this.#gainFactor;
  }

  /** Sums up a node and forgets the last one's split. */
  enter(node: Node): void {
    this.totals.fill(0);
    this.weight = 0;
    this.isPure = true;
    if (this.totals.length === 1) this.#sumOne(node);
    else this.#sumMany(node);
    this.purity = squaresOf(this.totals) / this.weight;
    this.feature = -1;
    this.score = Number.NEGATIVE_INFINITY;
  }

  /** Looks for a better split of the entered node on one feature. Returns whether its value varies there. */
  visit(feature: number, node: Node): boolean {
    const coded = node.table.features[feature];
    if (!coded) return false;
    const histogram = this.#histogram;
    const count = histogram.count(coded, node);
    this.#missing = coded.hasMissing && histogram.occupied[count - 1] === coded.codeCount - 1;
    this.#test(feature, count, false);
    // Of two groups, one of them missing, there is only one split.
    if (this.#missing && count > 2) this.#test(feature, count - 1, true);
    histogram.clear(count);
    return count > 1;
  }

  #sumOne({ table, rows, start, end }: Node): void {
    const { weight, value, center } = table.samples;
    const into = this.#rows;
    const first = value[rows[start] as number] as number;
    let total = 0;
    let sum = 0;
    let isPure = true;
    for (let i = start; i < end; i += 1) {
      const row = rows[i] as number;
      const w = weight[row] as number;
      const v = value[row] as number;
      const a = w * (v - center);
      total += w;
      sum += a;
      if (v !== first) isPure = false;
      into.weight[i - start] = w;
      into.amount[i - start] = a;
    }
    this.weight = total;
    this.totals[0] = sum;
    this.isPure = isPure;
    this.first = first;
  }

  #sumMany({ table, rows, start, end }: Node): void {
    const { channel, weight } = table.samples;
    const into = this.#rows;
    const first = channel[rows[start] as number] as number;
    this.first = first;
    for (let i = start; i < end; i += 1) {
      const row = rows[i] as number;
      const c = channel[row] as number;
      const w = weight[row] as number;
      this.weight += w;
      this.totals[c] = (this.totals[c] as number) + w;
      if (c !== first) this.isPure = false;
      into.weight[i - start] = w;
      into.channel[i - start] = c;
    }
  }

  /**
   * Tests the split before each group of equal codes but the first.
   *
   * @param count groups of numbers.
   * @param missingFirst whether the missing values, the group after them, are on the left from the start.
   */
  #test(feature: number, count: number, missingFirst: boolean): void {
    if (this.totals.length === 1) this.#testOne(feature, count, missingFirst);
    else this.#testMany(feature, count, missingFirst);
  }

  #testOne(feature: number, count: number, missingFirst: boolean): void {
    const { sums, occupied } = this.#histogram;
    const { weight, score: least } = this;
    const minWeight = this.#minWeight;
    const total = this.totals[0] as number;
    const missing = (occupied[count] as number) * 2;
    let leftWeight = missingFirst ? (sums[missing] as number) : 0;
    let left = missingFirst ? (sums[missing + 1] as number) : 0;
    let best = least;
    for (let i = 0; i < count; i += 1) {
      const code = occupied[i] as number;
      const rightWeight = weight - leftWeight;
      if (i > 0 && leftWeight >= minWeight && rightWeight >= minWeight && rightWeight > 0) {
        const right = total - left;
        const score = (left * left) / leftWeight + (right * right) / rightWeight;
        if (score > best) {
          best = score;
          this.#keep(feature, i, score, missingFirst);
        }
      }
      leftWeight += sums[code * 2] as number;
      left += sums[code * 2 + 1] as number;
    }
  }

  #testMany(feature: number, count: number, missingFirst: boolean): void {
    const { sums, occupied, stride } = this.#histogram;
    this.#leftWeight = 0;
    this.#leftSquares = 0;
    this.#rightSquares = this.purity * this.weight;
    this.#left.fill(0);
    this.#right.set(this.totals);
    if (missingFirst) this.#move(sums, (occupied[count] as number) * stride);
    for (let i = 0; i < count; i += 1) {
      const leftWeight = this.#leftWeight;
      const rightWeight = this.weight - leftWeight;
      if (i > 0 && leftWeight >= this.#minWeight && rightWeight >= this.#minWeight && rightWeight > 0) {
        const score = this.#leftSquares / leftWeight + this.#rightSquares / rightWeight;
        if (score > this.score) this.#keep(feature, i, score, missingFirst);
      }
      this.#move(sums, (occupied[i] as number) * stride);
    }
  }

  /** Moves a group from right to left. */
  #move(sums: Float64Array, base: number): void {
    const left = this.#left;
    const right = this.#right;
    this.#leftWeight += sums[base] as number;
    for (let channel = 0; channel < left.length; channel += 1) {
      const amount = sums[base + 1 + channel] as number;
      if (amount === 0) continue;
      const before = left[channel] as number;
      const after = right[channel] as number;
      this.#leftSquares += amount * (2 * before + amount);
      this.#rightSquares -= amount * (2 * after - amount);
      left[channel] = before + amount;
      right[channel] = after - amount;
    }
  }

  /** Keeps the split before group `i`. */
  #keep(feature: number, i: number, score: number, missingLeft: boolean): void {
    const { occupied } = this.#histogram;
    this.feature = feature;
    this.code = occupied[i - 1] as number;
    this.nextCode = occupied[i] as number;
    this.score = score;
    this.hasMissing = this.#missing;
    this.missingLeft = missingLeft;
  }
}

function squaresOf(totals: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < totals.length; i += 1) sum += (totals[i] as number) ** 2;
  return sum;
}
