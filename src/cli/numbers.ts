/** Numbers on the command line. */
import { InvalidArgumentError } from 'commander';

/** @throws InvalidArgumentError, which commander shows beside the option's name. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('give a number above 0');
}
