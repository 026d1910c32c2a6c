/** The package apache-arrow, which is optional. */
import { MissingDependency } from '../errors.ts';

export type Arrow = typeof import('apache-arrow');

/** @throws MissingDependency */
export async function loadArrow(): Promise<Arrow> {
  try {
    return await import('apache-arrow');
  } catch (cause) {
    throw new MissingDependency(
      'tables of Arrow need the package apache-arrow, which cannot be loaded: run `npm install apache-arrow`',
      { cause },
    );
  }
}
