/** How much the rows of each class count in a fit. */
import { z } from 'zod';
import { InvalidOptions } from '../errors.ts';
import { allocateFloat64 } from '../frame/allocation.ts';
import type { Label } from './state.ts';

/**
 * `balanced`: every class counts as much as the others, however many rows it has. Or by label: how much each of its
 * rows counts; 1 for those left out.
 */
export const classWeightSchema = z.union([z.literal('balanced'), z.record(z.string(), z.number().min(0))]);

export type ClassWeight = z.infer<typeof classWeightSchema>;

/** By class. @throws InvalidOptions when a label is named that does not occur. */
export function classWeightsOf(
  wanted: ClassWeight | null | undefined,
  classes: readonly Label[],
  codes: Int32Array,
): Float64Array {
  const weights = allocateFloat64(classes.length).fill(1);
  if (!wanted) return weights;
  if (wanted === 'balanced') {
    const counts = new Float64Array(classes.length);
    for (const code of codes) counts[code] = (counts[code] as number) + 1;
    return weights.map((_, code) =>
      counts[code] ? codes.length / (classes.length * (counts[code] as number)) : 1,
    );
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
