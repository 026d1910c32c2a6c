/** Binds what a client sent to a task's parameters, as Python binds a call. */
import { InvalidTaskError } from '../errors.ts';

/** A task's parameters in order, those that must be given first. */
export interface Signature<Name extends string> {
  readonly task: string;
  readonly required: readonly Name[];
  readonly optional: readonly Name[];
}

/** A call, bound: what was not given is null. */
export interface BoundCall<Name extends string> {
  readonly values: Readonly<Record<Name, unknown>>;
  /** Bucket of the stores, null for the default one. */
  readonly bucket: string | null;
}

/**
 * Binds positional and keyword arguments. omega|ml's system kwargs (`__*`) and `pure_python` are no
 * arguments of the task (omegaml/celery_util.py): only `__bucket` is read here.
 *
 * @throws InvalidTaskError when one is missing, given twice, unknown, or there are too many.
 */
export function bindArguments<Name extends string>(
  signature: Signature<Name>,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): BoundCall<Name> {
  const names: readonly string[] = [...signature.required, ...signature.optional];
  if (args.length > names.length) {
    throw misuse(
      signature,
      `takes at most ${names.length} positional arguments but ${args.length} were given`,
    );
  }
  const values: Partial<Record<string, unknown>> = {};
  names.forEach((name, position) => {
    values[name] = args[position] ?? null;
  });
  for (const [name, value] of Object.entries(taskKwargs(kwargs))) {
    const position = names.indexOf(name);
    if (position < 0) throw misuse(signature, `has no argument '${name}'`);
    if (position < args.length) throw misuse(signature, `got two values for argument '${name}'`);
    values[name] = value;
  }
  const missing = signature.required.find((name, position) => position >= args.length && !(name in kwargs));
  if (missing !== undefined) throw misuse(signature, `is missing the argument '${missing}'`);
  return { values: values as Record<Name, unknown>, bucket: bucketOf(signature.task, kwargs) };
}

/** The keyword arguments without omega|ml's system kwargs and `pure_python`. */
export function taskKwargs(kwargs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(kwargs).filter(([name]) => !name.startsWith('__') && name !== 'pure_python');
  return Object.fromEntries(own);
}

/** @throws InvalidTaskError when the argument is no string, or an empty one. */
export function requiredText(task: string, name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new InvalidTaskError(
    `${task}: the argument '${name}' is ${describe(value)}: send a name as non-empty text`,
  );
}

/** Null for null; otherwise as {@link requiredText}. */
export function optionalText(task: string, name: string, value: unknown): string | null {
  return value === null || value === undefined ? null : requiredText(task, name, value);
}

/** @throws InvalidTaskError when it is neither null nor a positive number. */
export function optionalSeconds(task: string, name: string, value: unknown): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' && value > 0) return value;
  throw new InvalidTaskError(
    `${task}: the argument '${name}' is ${describe(value)}: send a positive number of seconds, or null for no limit`,
  );
}

function bucketOf(task: string, kwargs: Readonly<Record<string, unknown>>): string | null {
  return optionalText(task, '__bucket', kwargs.__bucket);
}

function misuse<Name extends string>(signature: Signature<Name>, problem: string): InvalidTaskError {
  const optional = signature.optional.map((name) => `${name}=None`);
  const usage = [...signature.required, ...optional].join(', ');
  return new InvalidTaskError(`${signature.task} ${problem}: send (${usage})`);
}

function describe(value: unknown): string {
  if (value === '') return 'empty text';
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}
