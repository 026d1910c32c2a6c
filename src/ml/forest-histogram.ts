/** Adds up the rows of a node by their codes of one feature. */
import type { CodedFeature } from './forest-codes.ts';
import type { Node } from './forest-split.ts';

/** The rows of a node, one after the other. */
export interface NodeRows {
  readonly weight: Float64Array;
  /** Of one channel. */
  readonly amount: Float64Array;
  /** Of several channels, whose amounts are the weights. */
  readonly channel: Int32Array;
}

export class CodeHistogram {
  /** Per code: weight, then the channels. Zero but between `count` and `clear`. */
  readonly sums: Float64Array;
  /** The codes that occur, ascending. */
  readonly occupied: Int32Array;
  readonly stride: number;

  readonly #rows: NodeRows;
  /** A bit for each code. */
  readonly #marks: Int32Array;

  constructor(codeCount: number, channelCount: number, rows: NodeRows) {
    this.stride = channelCount + 1;
    this.sums = new Float64Array(codeCount * this.stride);
    this.occupied = new Int32Array(codeCount);
    this.#marks = new Int32Array((codeCount + 31) >>> 5);
    this.#rows = rows;
  }

  /** Returns how many codes occur. */
  count({ codes, codeCount }: CodedFeature, node: Node): number {
    if (this.stride > 2) {
      this.#addChannels(codes, node);
      return this.#collectMarked(codeCount);
    }
    if (node.end - node.start > codeCount) {
      this.#addAll(codes, node);
      return this.#collectAll(codeCount);
    }
    this.#addMarked(codes, node);
    return this.#collectMarked(codeCount);
  }

  clear(count: number): void {
    const { sums, occupied, stride } = this;
    for (let i = 0; i < count; i += 1) {
      const base = (occupied[i] as number) * stride;
      for (let at = base; at < base + stride; at += 1) sums[at] = 0;
    }
  }

  #addAll(codes: CodedFeature['codes'], { rows, start, end }: Node): void {
    const sums = this.sums;
    const { weight, amount } = this.#rows;
    for (let i = start; i < end; i += 1) {
      const base = (codes[rows[i] as number] as number) * 2;
      sums[base] = (sums[base] as number) + (weight[i - start] as number);
      sums[base + 1] = (sums[base + 1] as number) + (amount[i - start] as number);
    }
  }

  /** Of few rows, looking through all codes would take longest: marks those that occur. */
  #addMarked(codes: CodedFeature['codes'], { rows, start, end }: Node): void {
    const sums = this.sums;
    const marks = this.#marks;
    const { weight, amount } = this.#rows;
    for (let i = start; i < end; i += 1) {
      const code = codes[rows[i] as number] as number;
      const base = code * 2;
      marks[code >>> 5] = (marks[code >>> 5] as number) | (1 << (code & 31));
      sums[base] = (sums[base] as number) + (weight[i - start] as number);
      sums[base + 1] = (sums[base + 1] as number) + (amount[i - start] as number);
    }
  }

  #addChannels(codes: CodedFeature['codes'], { rows, start, end }: Node): void {
    const { sums, stride } = this;
    const marks = this.#marks;
    const { weight, channel } = this.#rows;
    for (let i = start; i < end; i += 1) {
      const code = codes[rows[i] as number] as number;
      const base = code * stride;
      const slot = base + 1 + (channel[i - start] as number);
      marks[code >>> 5] = (marks[code >>> 5] as number) | (1 << (code & 31));
      const w = weight[i - start] as number;
      sums[base] = (sums[base] as number) + w;
      sums[slot] = (sums[slot] as number) + w;
    }
  }

  #collectAll(codeCount: number): number {
    const { sums, occupied } = this;
    let count = 0;
    for (let code = 0; code < codeCount; code += 1) {
      if (sums[code * 2] === 0) continue;
      occupied[count] = code;
      count += 1;
    }
    return count;
  }

  #collectMarked(codeCount: number): number {
    const occupied = this.occupied;
    const marks = this.#marks;
    const wordCount = (codeCount + 31) >>> 5;
    let count = 0;
    for (let word = 0; word < wordCount; word += 1) {
      let bits = marks[word] as number;
      if (bits === 0) continue;
      marks[word] = 0;
      for (; bits !== 0; bits &= bits - 1) {
        occupied[count] = word * 32 + 31 - Math.clz32(bits & -bits);
        count += 1;
      }
    }
    return count;
  }
}
