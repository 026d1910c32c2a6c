/** Finds the best split of a node. */
import type { CodedFeature, Codes } from './forest-codes.ts';

/**
 * What the splits of a tree are to separate, in one form for both kinds of forest: a row adds its `weight`
 * to the node and its `amount` to one `channel`. Classification: a channel for each class, the amount is the
 * weight. Regression: one channel, the amount is weight × value. The purity of a node is then
 * Σ channel² / weight: maximal gini gain and maximal reduction of variance alike.
 */
export interface Samples {
  readonly channelCount: number;
  readonly channel: Int32Array;
  /** How often the row was drawn. */
  readonly weight: Float64Array;
  readonly amount: Float64Array;
}

/** Rows `start` to `end` of a tree's row order. */
export interface Node {
  readonly rows: Int32Array;
  readonly start: number;
  readonly end: number;
}

/** Above so many codes per row of the node, its rows are sorted instead of counted. */
const CODES_PER_ROW = 4;
const INSERTION_SORT_ROWS = 24;

/** The search for splits; one per thread call, its buffers are reused from node to node. */
export class SplitSearch {
  /** Of the node that was entered last: its total weight and, by channel, amounts. */
  weight = 0;
  readonly totals: Float64Array;
  isPure = false;

  /** The best split so far, -1 if there is none: rows with codes up to `code` go left. */
  feature = -1;
  code = 0;
  /** The next code that occurs in the node. */
  nextCode = 0;
  score = Number.NEGATIVE_INFINITY;

  readonly #features: readonly CodedFeature[];
  readonly #samples: Samples;
  readonly #minWeight: number;
  readonly #stride: number;
  readonly #left: Float64Array;
  readonly #right: Float64Array;
  /** Per code: weight, then the channels. Zero between two searches. */
  readonly #histogram: Float64Array;
  readonly #keys: Uint32Array;
  readonly #nodeWeight: Float64Array;
  readonly #nodeAmount: Float64Array;
  readonly #nodeChannel: Int32Array;

  #leftWeight = 0;
  #leftSquares = 0;
  #rightSquares = 0;
  /** Code of the last group that went left, -1 before the first. */
  #previous = -1;
  #groupCount = 0;

  constructor(features: readonly CodedFeature[], samples: Samples, minSamplesLeaf: number) {
    const rowCount = samples.weight.length;
    const codeCount = features.reduce((most, feature) => Math.max(most, feature.codeCount), 1);
    this.#features = features;
    this.#samples = samples;
    this.#minWeight = minSamplesLeaf;
    this.#stride = samples.channelCount + 1;
    this.totals = new Float64Array(samples.channelCount);
    this.#left = new Float64Array(samples.channelCount);
    this.#right = new Float64Array(samples.channelCount);
    this.#histogram = new Float64Array(codeCount * this.#stride);
    this.#keys = new Uint32Array(rowCount);
    this.#nodeWeight = new Float64Array(rowCount);
    this.#nodeAmount = new Float64Array(rowCount);
    this.#nodeChannel = new Int32Array(rowCount);
  }

  /** Mean value of the node's first channel. */
  get mean(): number {
    return (this.totals[0] as number) / this.weight;
  }

  /** Σ channel² / weight of the node. */
  get purity(): number {
    return this.totals.reduce((sum, total) => sum + total * total, 0) / this.weight;
  }

  /** Sums up a node and forgets the last one's split. */
  enter({ rows, start, end }: Node): void {
    const { channel, weight, amount } = this.#samples;
    const first = rows[start] as number;
    const firstChannel = channel[first] as number;
    const firstValue = (amount[first] as number) / (weight[first] as number);
    this.totals.fill(0);
    let total = 0;
    let isPure = true;
    for (let i = start; i < end; i += 1) {
      const row = rows[i] as number;
      const w = weight[row] as number;
      const a = amount[row] as number;
      const c = channel[row] as number;
      total += w;
      this.totals[c] = (this.totals[c] as number) + a;
      if (c !== firstChannel || a / w !== firstValue) isPure = false;
      this.#nodeWeight[i - start] = w;
      this.#nodeAmount[i - start] = a;
      this.#nodeChannel[i - start] = c;
    }
    this.weight = total;
    this.isPure = isPure;
    this.feature = -1;
    this.score = Number.NEGATIVE_INFINITY;
  }

  /** Looks for a better split of the entered node on one feature. Returns whether its value varies there. */
  visit(feature: number, node: Node): boolean {
    const coded = this.#features[feature];
    if (!coded) return false;
    this.#leftWeight = 0;
    this.#leftSquares = 0;
    this.#rightSquares = this.purity * this.weight;
    this.#previous = -1;
    this.#groupCount = 0;
    this.#left.fill(0);
    this.#right.set(this.totals);
    if (coded.codeCount > CODES_PER_ROW * (node.end - node.start)) this.#sort(feature, coded.codes, node);
    else this.#count(feature, coded, node);
    return this.#groupCount > 1;
  }

  /** Counts the node's rows by code. */
  #count(feature: number, { codes, codeCount }: CodedFeature, { rows, start, end }: Node): void {
    const histogram = this.#histogram;
    const stride = this.#stride;
    for (let i = start; i < end; i += 1) {
      this.#add((codes[rows[i] as number] as number) * stride, i - start);
    }
    for (let code = 0; code < codeCount; code += 1) {
      const base = code * stride;
      if (histogram[base] !== 0) this.#group(feature, code, base);
    }
  }

  /** Sorts the node's rows by code: cheaper where the codes are many and the rows few. */
  #sort(feature: number, codes: Codes, { rows, start, end }: Node): void {
    const rowCount = end - start;
    const keys = this.#keys.subarray(0, rowCount);
    for (let i = 0; i < rowCount; i += 1) {
      keys[i] = (codes[rows[start + i] as number] as number) * 2 ** KEY_BITS + i;
    }
    if (rowCount <= INSERTION_SORT_ROWS) insertionSort(keys);
    else keys.sort();
    let current = (keys[0] as number) >>> KEY_BITS;
    for (let i = 0; i < rowCount; i += 1) {
      const key = keys[i] as number;
      const code = key >>> KEY_BITS;
      if (code !== current) this.#group(feature, current, 0);
      current = code;
      this.#add(0, key & (2 ** KEY_BITS - 1));
    }
    this.#group(feature, current, 0);
  }

  #add(base: number, position: number): void {
    const histogram = this.#histogram;
    const slot = base + 1 + (this.#nodeChannel[position] as number);
    histogram[base] = (histogram[base] as number) + (this.#nodeWeight[position] as number);
    histogram[slot] = (histogram[slot] as number) + (this.#nodeAmount[position] as number);
  }

  /** Tests the split before a group of equal codes, then moves the group from right to left. */
  #group(feature: number, code: number, base: number): void {
    const histogram = this.#histogram;
    const left = this.#left;
    const right = this.#right;
    const leftWeight = this.#leftWeight;
    const rightWeight = this.weight - leftWeight;
    if (leftWeight >= this.#minWeight && rightWeight >= this.#minWeight) {
      const score = this.#leftSquares / leftWeight + this.#rightSquares / rightWeight;
      if (score > this.score) this.#keep(feature, code, score);
    }
    this.#leftWeight = leftWeight + (histogram[base] as number);
    histogram[base] = 0;
    for (let channel = 0; channel < left.length; channel += 1) {
      const amount = histogram[base + 1 + channel] as number;
      if (amount === 0) continue;
      const before = left[channel] as number;
      const after = right[channel] as number;
      this.#leftSquares += amount * (2 * before + amount);
      this.#rightSquares -= amount * (2 * after - amount);
      left[channel] = before + amount;
      right[channel] = after - amount;
      histogram[base + 1 + channel] = 0;
    }
    this.#previous = code;
    this.#groupCount += 1;
  }

  #keep(feature: number, nextCode: number, score: number): void {
    this.feature = feature;
    this.code = this.#previous;
    this.nextCode = nextCode;
    this.score = score;
  }
}

/** Keys are sorted by code, then by position among the rows, which are fewer than codes / {@link CODES_PER_ROW}. */
const KEY_BITS = 15;

function insertionSort(keys: Uint32Array): void {
  for (let i = 1; i < keys.length; i += 1) {
    const key = keys[i] as number;
    let j = i - 1;
    while (j >= 0 && (keys[j] as number) > key) {
      keys[j + 1] = keys[j] as number;
      j -= 1;
    }
    keys[j + 1] = key;
  }
}
