/**
 * What trees are grown on, by row. The rows of a deep node lie far apart in a large table: then each read of a code is one
 * of memory, not of the processor's cache. So the rows of such a node are copied to lie one after the other.
 */
import type { CodedFeature } from './forest-codes.ts';

/** The codes of rows, and what their splits are to separate. */
export interface Table {
  readonly features: readonly CodedFeature[];
  readonly samples: Samples;
}

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

/** Each table has room for one row of so many of the one before. */
const SHRINKAGE = 8;
/** The codes of so few rows stay in a cache anyway. */
const MIN_ROWS = 4096;

/** A table of all rows, and smaller ones for copies of some: each is filled again and again. */
export function nestedTables(all: Table): Table[] {
  const tables = [all];
  let capacity = Math.floor(all.samples.weight.length / SHRINKAGE);
  while (capacity >= MIN_ROWS) {
    tables.push(emptyTable(all, capacity));
    capacity = Math.floor(capacity / SHRINKAGE);
  }
  return tables;
}

/** How many rows fit. */
export function capacityOf({ samples }: Table): number {
  return samples.weight.length;
}

/** Copies rows, in their order: row `i` of `to` is row `rows[i]` of `from`. */
export function copyRows(from: Table, to: Table, rows: Int32Array): void {
  from.features.forEach(({ codes }, i) => {
    gather(codes, rows, to.features[i]?.codes ?? codes);
  });
  gather(from.samples.weight, rows, to.samples.weight);
  if (from.samples.channelCount > 1) gather(from.samples.channel, rows, to.samples.channel);
  else gather(from.samples.value, rows, to.samples.value);
}

function emptyTable({ features, samples }: Table, capacity: number): Table {
  return {
    features: features.map((feature) => ({ ...feature, codes: emptyLike(feature.codes, capacity) })),
    samples: {
      ...samples,
      weight: new Float64Array(capacity),
      channel: new Int32Array(samples.channel.length > 0 ? capacity : 0),
      value: new Float64Array(samples.value.length > 0 ? capacity : 0),
    },
  };
}

function emptyLike(codes: CodedFeature['codes'], length: number): CodedFeature['codes'] {
  return codes instanceof Uint8Array ? new Uint8Array(length) : new Uint16Array(length);
}

function gather<Values extends CodedFeature['codes'] | Float64Array | Int32Array>(
  values: Values,
  rows: Int32Array,
  into: Values,
): void {
  for (let i = 0; i < rows.length; i += 1) into[i] = values[rows[i] as number] as number;
}
