/** Finds the best split of a node. */
import type { CodedFeature } from './forest-codes.ts';

/**
 * What the splits of a tree are to separate, in one form for both kinds of forest: a row adds its `weight`
 * to the node and its `amount` to one `channel`. Classification: a channel for each class, the amount is the
 * weight. Regression: one channel, the amount is weight × value. The purity of a node is then
 * Σ channel² / weight: maximal gini gain and maximal reduction of variance alike.
 */
export interface Samples {
  readonly channelCount: number;
  readonly channel: Int32Array;
  /** How often the row was drawn, times how much it counts. */
  readonly weight: Float64Array;
  readonly amount: Float64Array;
  /** What a pure node has only one of, in one channel. */
  readonly value: Float64Array;
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
  readonly #stride: number;
  readonly #left: Float64Array;
  readonly #right: Float64Array;
  /** Per code: weight, then the channels. Zero between two searches. */
  readonly #histogram: Float64Array;
  /** A bit for each code. Zero between two searches. */
  readonly #marks: Int32Array;
  readonly #nodeWeight: Float64Array;
  readonly #nodeAmount: Float64Array;
  readonly #nodeChannel: Int32Array;

  #leftWeight = 0;
  #leftSquares = 0;
  #rightSquares = 0;
  /** Code of the last group that went left, -1 before the first. */
  #previous = -1;
  #groupCount = 0;
  /** Whether the node has missing values of the feature that is looked at, and whether they go left first. */
  #missing = false;
  #missingFirst = false;

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
    this.#marks = new Int32Array((codeCount + 31) >>> 5);
    this.#nodeWeight = new Float64Array(rowCount);
    this.#nodeAmount = new Float64Array(rowCount);
    this.#nodeChannel = new Int32Array(rowCount);
  }

  /** Mean value of the node's first channel. */
  get mean(): number {
    return (this.totals[0] as number) / this.weight;
  }

  /** Sums up a node and forgets the last one's split. */
  enter({ rows, start, end }: Node): void {
    const { channel, weight, amount, value } = this.#samples;
    const first = rows[start] as number;
    const firstChannel = channel[first] as number;
    const firstValue = value[first] as number;
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
      if (c !== firstChannel || (value[row] as number) !== firstValue) isPure = false;
      this.#nodeWeight[i - start] = w;
      this.#nodeAmount[i - start] = a;
      this.#nodeChannel[i - start] = c;
    }
    this.weight = total;
    this.purity = squaresOf(this.totals) / total;
    this.isPure = isPure;
    this.feature = -1;
    this.score = Number.NEGATIVE_INFINITY;
  }

  /** Looks for a better split of the entered node on one feature. Returns whether its value varies there. */
  visit(feature: number, node: Node): boolean {
    const coded = this.#features[feature];
    if (!coded) return false;
    this.#missing = false;
    this.#scan(feature, coded, node);
    const varies = this.#groupCount > 1;
    // Of two groups, one of them missing, there is only one split.
    if (this.#missing && this.#groupCount > 2) {
      this.#missingFirst = true;
      this.#scan(feature, coded, node);
      this.#missingFirst = false;
    }
    return varies;
  }

  /** Moves one group of equal codes after the other from right to left. */
  #scan(feature: number, coded: CodedFeature, node: Node): void {
    this.#leftWeight = 0;
    this.#leftSquares = 0;
    this.#rightSquares = this.purity * this.weight;
    this.#previous = -1;
    this.#groupCount = 0;
    // Not fill and set: of a few channels, their calls would take longer than the rest.
    for (let channel = 0; channel < this.totals.length; channel += 1) {
      this.#left[channel] = 0;
      this.#right[channel] = this.totals[channel] as number;
    }
    const isDense = node.end - node.start > coded.codeCount;
    if (isDense) this.#countAll(coded, node);
    else this.#countMarked(coded, node);
    const missing = (coded.codeCount - 1) * this.#stride;
    if (coded.hasMissing && this.#histogram[missing] !== 0) this.#missing = true;
    if (this.#missingFirst) this.#move(missing);
    if (isDense) this.#scanAll(feature, coded.codeCount);
    else this.#scanMarked(feature, coded.codeCount);
  }

  #countAll({ codes }: CodedFeature, { rows, start, end }: Node): void {
    const stride = this.#stride;
    for (let i = start; i < end; i += 1) {
      this.#add((codes[rows[i] as number] as number) * stride, i - start);
    }
  }

  #scanAll(feature: number, codeCount: number): void {
    const histogram = this.#histogram;
    const stride = this.#stride;
    for (let code = 0; code < codeCount; code += 1) {
      const base = code * stride;
      if (histogram[base] !== 0) this.#group(feature, code, base);
    }
  }

  /** Marks the codes that occur: of few rows, looking through all codes would take longest. */
  #countMarked({ codes }: CodedFeature, { rows, start, end }: Node): void {
    const stride = this.#stride;
    const marks = this.#marks;
    for (let i = start; i < end; i += 1) {
      const code = codes[rows[i] as number] as number;
      const word = code >>> 5;
      marks[word] = (marks[word] as number) | (1 << (code & 31));
      this.#add(code * stride, i - start);
    }
  }

  #scanMarked(feature: number, codeCount: number): void {
    const histogram = this.#histogram;
    const stride = this.#stride;
    const marks = this.#marks;
    const wordCount = (codeCount + 31) >>> 5;
    for (let word = 0; word < wordCount; word += 1) {
      let bits = marks[word] as number;
      marks[word] = 0;
      for (; bits !== 0; bits &= bits - 1) {
        const code = word * 32 + 31 - Math.clz32(bits & -bits);
        const base = code * stride;
        if (histogram[base] !== 0) this.#group(feature, code, base);
      }
    }
  }

  #add(base: number, position: number): void {
    const histogram = this.#histogram;
    const slot = base + 1 + (this.#nodeChannel[position] as number);
    histogram[base] = (histogram[base] as number) + (this.#nodeWeight[position] as number);
    histogram[slot] = (histogram[slot] as number) + (this.#nodeAmount[position] as number);
  }

  /** Tests the split before a group of equal codes, then moves the group from right to left. */
  #group(feature: number, code: number, base: number): void {
    const leftWeight = this.#leftWeight;
    const rightWeight = this.weight - leftWeight;
    if (this.#groupCount > 0 && leftWeight >= this.#minWeight && rightWeight >= this.#minWeight) {
      const score = this.#leftSquares / leftWeight + this.#rightSquares / rightWeight;
      if (score > this.score) this.#keep(feature, code, score);
    }
    this.#move(base);
    this.#previous = code;
    this.#groupCount += 1;
  }

  #move(base: number): void {
    const histogram = this.#histogram;
    const left = this.#left;
    const right = this.#right;
    this.#leftWeight += histogram[base] as number;
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
  }

  #keep(feature: number, nextCode: number, score: number): void {
    this.feature = feature;
    this.code = this.#previous;
    this.nextCode = nextCode;
    this.score = score;
    this.hasMissing = this.#missing;
    this.missingLeft = this.#missingFirst;
  }
}

function squaresOf(totals: Float64Array): number {
  let sum = 0;
  for (const total of totals) sum += total * total;
  return sum;
}
