/**
 * Errors across threads and processes. The structured clone and JSON lose an error's class and its own
 * properties, and a thrown value that cannot be cloned arrives as `undefined`: what is sent is a copy.
 */
import * as catalogue from '../errors.ts';

/** What of an error crosses. */
export interface ErrorCopy {
  /** Class of the catalogue, or JavaScript's name of the error. */
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** Copies whatever was thrown. */
export function copyError(error: unknown): ErrorCopy {
  if (!(error instanceof Error))
    return { name: 'Error', message: `thrown value: ${String(error)}`, stack: '' };
  return { name: error.name, message: error.message, stack: error.stack ?? '' };
}

/** The error again: of its class if that is in the catalogue or JavaScript's own. */
export function restoreError({ name, message, stack }: ErrorCopy): Error {
  const error = instantiate(name, message);
  error.stack = stack;
  return error;
}

const NATIVE: readonly ErrorConstructor[] = [TypeError, RangeError, SyntaxError, ReferenceError, URIError];

function instantiate(name: string, message: string): Error {
  const known: unknown = Reflect.get(catalogue, name) ?? NATIVE.find((native) => native.name === name);
  if (typeof known === 'function' && known.prototype instanceof Error) {
    const error: unknown = Reflect.construct(known, [message]);
    if (error instanceof Error) return error;
  }
  const error = new Error(message);
  error.name = name;
  return error;
}
