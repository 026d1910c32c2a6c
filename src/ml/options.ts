/** Checks an estimator's options. */
import type { z } from 'zod';
import { InvalidOptions } from '../errors.ts';

/**
 * Options as the schema returns them; undefined and null count as none given.
 *
 * @throws InvalidOptions which names every wrong option.
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  options: unknown,
  estimator: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(options ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => [...path, message].join(': '));
  throw new InvalidOptions(`options of ${estimator}: ${faults.join('; ')}: correct them, or leave them out`);
}
