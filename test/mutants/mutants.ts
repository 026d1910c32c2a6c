/** The mutants: patches that each take one defence out of the sources, and say which test must then fail. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Mutant {
  readonly name: string;
  /** What the patch lets happen. */
  readonly what: string;
  /** As `file.test.ts: title`. */
  readonly test: string;
  /** Which of the cases of a table: a part of its title. */
  readonly only: string | null;
  /** Path of the patch. */
  readonly patch: string;
}

const FOLDER = 'test/mutants';

/** In alphabetical order. */
export function readMutants(): Mutant[] {
  const patches = readdirSync(FOLDER).filter((file) => file.endsWith('.patch'));
  return patches.sort().map((file) => readMutant(join(FOLDER, file), file.replace('.patch', '')));
}

/** The regular expression by which vitest finds the test. */
export function patternOf({ test, only }: Mutant): string {
  const title = test.slice(test.indexOf(': ') + 2);
  // What is in a title for values of its table.
  const parts = title.split(/%[sdj]|\$\{\w+\}/);
  const wanted = only === null ? parts : [parts[0] ?? '', only];
  return wanted.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
}

function readMutant(patch: string, name: string): Mutant {
  const text = readFileSync(patch, 'utf8');
  const field = (field: string) => new RegExp(`^${field}: (.*)$`, 'm').exec(text)?.[1] ?? null;
  return { name, what: field('what') ?? '', test: field('test') ?? '', only: field('case'), patch };
}
