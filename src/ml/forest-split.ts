/** Finds the best split of a node. */
import type { CodedFeature } from './forest-codes.ts';
import { CodeHistogram, type NodeRows } from './forest-histogram.ts';

/**
 * What the splits of a tree are to separate, in one form for both kinds of forest: a row adds its `weight`
 * to the node and an amount to one `channel`. Three classes and more: a channel for each class, the amount is the
 * weight. Regression: one channel, the amount is weight × value. Two classes are a regression of 0 and 1. The purity of
 * a node is then Σ channel² / weight: maximal gini gain and maximal reduction of variance alike.
 */
export interface Samples {
  readonly channelCount: number;
  readonly channel: Int32Array;
  /** How often the row was drawn, times how much it counts. */
  readonly weight: Float64Array;
  /** Of one channel: an amount is weight × (value - center). A pure node has one value only. */
  readonly value: Float64Array;
  readonly center: number;
  /** Of the purity, to be what the impurity loses: gini is twice the variance of 0 and 1. */
  readonly gainFactor: number;
}

/** Rows `start` to `end` of a tree's row order. */
export interface Node {
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

  readonly #features: readonly CodedFeature[];
  readonly #samples: Samples;
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

  constructor(features: readonly CodedFeature[], samples: Samples, minSamplesLeaf: number) {
    const rowCount = samples.weight.length;
    const codeCount = features.reduce((most, feature) => Math.max(most, feature.codeCount), 1);
    this.#features = features;
    this.#samples = samples;
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
    return (this.score - this.purity) * this.#samples.gainFactor;
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
    const coded = this.#features[feature];
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

  #sumOne({ rows, start, end }: Node): void {
    const { weight, value, center } = this.#samples;
    const into = this.#rows;
    const firstValue = value[rows[start] as number];
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
      if (v !== firstValue) isPure = false;
      into.weight[i - start] = w;
      into.amount[i - start] = a;
    }
    this.weight = total;
    this.totals[0] = sum;
    this.isPure = isPure;
  }

  #sumMany({ rows, start, end }: Node): void {
    const { channel, weight } = this.#samples;
    const into = this.#rows;
    const firstChannel = channel[rows[start] as number];
    for (let i = start; i < end; i += 1) {
      const row = rows[i] as number;
      const c = channel[row] as number;
      const w = weight[row] as number;
      this.weight += w;
      this.totals[c] = (this.totals[c] as number) + w;
      if (c !== firstChannel) this.isPure = false;
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
