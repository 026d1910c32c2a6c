/** Recognizes what a user hands in as an estimator. */
import type { Feature } from './state.ts';

interface LibraryClass {
  readonly name: string;
}

/**
 * Whether a value is an instance of a library's class, or the class itself. A class of the same name counts,
 * for the user's copy of the library may be another one than ours.
 */
export function isOfClass(value: unknown, libraryClass: LibraryClass): boolean {
  if (typeof value === 'function') return value === libraryClass || value.name === libraryClass.name;
  if (typeof value !== 'object' || value === null || !('predict' in value)) return false;
  return value.constructor?.name === libraryClass.name;
}

/** The fields of an instance; none for a class. */
export function fieldsOf(instance: unknown): Readonly<Record<string, unknown>> {
  return typeof instance === 'object' && instance !== null ? { ...instance } : {};
}

/** Features of a fitted instance, which knows their number only. */
export function positionalFeatures(width: number): Feature[] {
  return Array.from({ length: width }, (_, i) => ({ name: String(i), type: 'float64' }));
}
