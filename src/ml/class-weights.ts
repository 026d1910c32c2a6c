/** How much the rows of each class count in a fit. */
import { z } from 'zod';
import { InvalidData, InvalidOptions } from '../errors.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import type { Label } from './state.ts';

/**
 * `balanced`: every class counts as much as the others, however many rows it has. Or by label: how much each of its
 * rows counts; 1 for those left out.
 */
export const classWeightSchema = z.union([z.literal('balanced'), z.record(z.string(), z.number().min(0))]);

export type ClassWeight = z.infer<typeof classWeightSchema>;

/**
 * By class.
 *
 * @param sampleWeight how much each row counts where classes are balanced; null if all the same.
 * @throws InvalidOptions when a label is named that does not occur.
 */
export function classWeightsOf(
  wanted: ClassWeight | null | undefined,
  classes: readonly Label[],
  codes: Int32Array,
  sampleWeight: Float64Array | null = null,
): Float64Array {
  const weights = allocateFloat64(classes.length).fill(1);
  if (!wanted) return weights;
  if (wanted === 'balanced') {
    const counts = new Float64Array(classes.length);
    codes.forEach((code, row) => {
      counts[code] = (counts[code] as number) + (sampleWeight?.[row] ?? 1);
    });
    const total = counts.reduce((sum, count) => sum + count, 0);
    return weights.map((_, code) => (counts[code] ? total / (classes.length * (counts[code] as number)) : 1));
  }
  const names = classes.map(String);
  for (const [label, weight] of Object.entries(wanted)) {
    const code = names.indexOf(label);
    if (code < 0) {
      throw new InvalidOptions(
        `classWeight names the label ${label}, and y has ${names.join(', ')}: name one of those`,
      );
    }
    weights[code] = weight;
  }
  return weights;
}

/**
 * How much each row counts: its class's weight times its own, scaled so that the mean is 1. Null if all are the same.
 *
 * @throws InvalidData when there is not one for each row, or one is negative or no number, or all products are zero,
 *   or have no mean in the range of doubles.
 */
export function rowWeights(
  rowCount: number,
  sampleWeight: Float64Array | undefined,
  ofClass: { readonly weights: Float64Array; readonly codes: Int32Array } | null,
): Float64Array | null {
  if (sampleWeight) requireWeights(rowCount, sampleWeight);
  const weights = allocateFloat64(rowCount);
  for (let row = 0; row < rowCount; row += 1) {
    const classWeight = ofClass ? (ofClass.weights[ofClass.codes[row] as number] as number) : 1;
    weights[row] = classWeight * (sampleWeight?.[row] ?? 1);
  }
  const [first = 1] = weights;
  if (weights.every((weight) => weight === first)) {
    if (first !== 0) return null;
    throw new InvalidData(
      'the weight of every row, times that of its class, is 0: give a class with rows a classWeight above 0',
    );
  }
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / rowCount;
  if (!(mean > 0 && mean < Number.POSITIVE_INFINITY)) {
    throw new InvalidData(
      'the weights of the rows have no mean in the range of doubles: scale them to about 1',
    );
  }
  for (let row = 0; row < rowCount; row += 1) weights[row] = (weights[row] as number) / mean;
  return weights;
}

/** @throws InvalidData when there is not one for each row, or one is negative or no number, or all are zero. */
export function requireWeights(rowCount: number, weights: Float64Array): void {
  if (weights.length !== rowCount) {
    throw new InvalidData(
      `X has ${rowCount} rows and there are ${weights.length} weights: give one for each row`,
    );
  }
  const bad = weights.find((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
  if (bad !== undefined) throw new InvalidData(`a row has the weight ${bad}: give numbers from 0 up`);
  if (weights.every((weight) => weight === 0)) {
    throw new InvalidData('every row has the weight 0: give at least one a greater weight');
  }
}
