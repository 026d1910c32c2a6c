/**
 * Features as small integers: trees compare codes, not numbers. Few rows or few distinct values: each
 * distinct value has its own code, and splits are exact. Else a code stands for one of 255 quantiles.
 */
import type { Kernel } from '../contract/threads.ts';
import { allocateFloat64, allocateShared } from '../frame/allocation.ts';
import { mapChunks } from './chunks.ts';
import type { FitContext } from './estimator.ts';
import type { DesignMatrix } from './features.ts';

/** Up to so many rows splits are exact, whatever the number of distinct values. */
const EXACT_ROWS = 5000;
const MAX_BINS = 255;
/** Quantiles of larger columns are taken from so many evenly spaced rows. */
const QUANTILE_ROWS = 200_000;

type Codes = Uint8Array | Uint16Array;

/** A feature in ascending codes. A missing value has the highest code of all. */
export interface CodedFeature {
  readonly codes: Codes;
  readonly codeCount: number;
  /** Smallest and largest value of each code; infinite for the code of missing values. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly hasMissing: boolean;
}

interface CodeInput {
  readonly values: Float64Array;
}

/** Codes every column of a design matrix, in threads. */
export async function codeFeatures(
  { columns }: DesignMatrix,
  { threads, signal }: FitContext,
): Promise<CodedFeature[]> {
  const context = { threads, ...(signal ? { signal } : {}) };
  const coded = await mapChunks(context, columns.length, 1, ({ start, end }) => {
    return Promise.all(
      columns.slice(start, end).map((values) => threads.run(codeKernel, { values }, signal)),
    );
  });
  return coded.flat();
}

export const codeKernel: Kernel<CodeInput, CodedFeature> = {
  name: 'forest.code',
  run: ({ values }) => codeFeature(values),
};

function codeFeature(values: Float64Array): CodedFeature {
  const isExact = values.length <= EXACT_ROWS;
  const edges = isExact ? distinctValues(values, values.length) : binEdges(values);
  const codes = isExact
    ? new Uint16Array(allocateShared(values.length * 2))
    : new Uint8Array(allocateShared(values.length));
  const missingCode = edges.length;
  const low = allocateFloat64(missingCode + 1).fill(Number.POSITIVE_INFINITY);
  const high = allocateFloat64(missingCode + 1).fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] ?? 0;
    const code = Number.isNaN(value) ? missingCode : lowerBound(edges, value);
    codes[row] = code;
    if (value < (low[code] ?? 0)) low[code] = value;
    if (value > (high[code] ?? 0)) high[code] = value;
  }
  return { codes, codeCount: missingCode + 1, low, high, hasMissing: codes.includes(missingCode) };
}

/** Upper edges of the bins, ascending; the last one is the largest value. */
function binEdges(values: Float64Array): Float64Array {
  const distinct = distinctValues(values, MAX_BINS);
  if (distinct.length <= MAX_BINS) return distinct;
  const step = Math.ceil(values.length / QUANTILE_ROWS);
  const sample = values.filter((value, row) => row % step === 0 && !Number.isNaN(value)).sort();
  const edges = Array.from({ length: MAX_BINS - 1 }, (_, bin) => {
    return sample[Math.floor(((bin + 1) * sample.length) / MAX_BINS)] ?? 0;
  });
  edges.push(Number.POSITIVE_INFINITY);
  return Float64Array.from(new Set(edges));
}

/** The distinct numbers, ascending; stops looking once there are more than `limit`. */
function distinctValues(values: Float64Array, limit: number): Float64Array {
  const distinct = new Set<number>();
  for (const value of values) {
    if (!Number.isNaN(value)) distinct.add(value);
    if (distinct.size > limit) break;
  }
  return Float64Array.from(distinct).sort();
}

/** Index of the first edge that is not below the value. */
function lowerBound(edges: Float64Array, value: number): number {
  let start = 0;
  let end = edges.length - 1;
  while (start < end) {
    const middle = (start + end) >>> 1;
    if ((edges[middle] ?? 0) < value) start = middle + 1;
    else end = middle;
  }
  return start;
}
