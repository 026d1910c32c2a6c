/** Signatures of single tasks. */
import { type CallOptions, wireOptions } from './call-options.ts';
import type { Nothing, Signature, SignatureFields } from './signature.ts';
import type { AnyTask, TaskDefinition } from './task.ts';

/** Positional and keyword arguments of a task that is called by name. */
type Args = readonly unknown[];
type Kwargs = Readonly<Record<string, unknown>>;
type None = Record<never, never>;

/** What the result of the task before becomes: the first positional argument, or the whole input. */
export type Taken<Input, Names> = Names extends readonly [infer First extends keyof Input, ...unknown[]]
  ? Input[First] | (undefined extends Input[First] ? Nothing : never)
  : Input | (None extends Input ? Nothing : never);

/** The input without what the task before gives. */
type Partly<Input, Names> = Names extends readonly [infer First extends keyof Input, ...unknown[]]
  ? Without<Input, First>
  : { readonly [Field in keyof Input]?: undefined };

/** `Omit` for each member of a union. */
type Without<Input, Field extends PropertyKey> = Input extends unknown
  ? Omit<Input, Field> & { readonly [Name in Field]?: undefined }
  : never;

/** What follows the task in a partial call: nothing needs to when nothing else is required. */
type PartlyGiven<Input, Names> =
  None extends Partly<Input, Names>
    ? [input?: Partly<Input, Names>, options?: CallOptions]
    : [input: Partly<Input, Names>, options?: CallOptions];

/**
 * A call of a task that takes something from the task before it: its first positional argument, which is the
 * first of the definition's `args`, or its whole input where the definition has none.
 *
 * @throws InvalidOptions
 */
export function signature<Fields, Input extends object, Result, Names>(
  task: TaskDefinition<Fields, Input, Result, Names>,
  ...given: PartlyGiven<Input, Names>
): Signature<Taken<Input, Names>, Awaited<Result>>;
/** A call of a task with its whole input: it takes nothing from the task before it. */
export function signature<Fields, Input extends object, Result, Names>(
  task: TaskDefinition<Fields, Input, Result, Names>,
  input: Input,
  options?: CallOptions,
): Signature<Nothing, Awaited<Result>>;
/** A call of any task by name, also of one that only Python workers know. Its types are the caller's word. */
export function signature<Before = unknown, Result = unknown>(
  taskName: string,
  args?: Args,
  kwargs?: Kwargs,
  options?: CallOptions,
): Signature<Before, Result>;
export function signature(task: string | AnyTask, ...given: readonly unknown[]): SignatureFields {
  if (typeof task === 'string') {
    const [args, kwargs, options] = given as [Args?, Kwargs?, CallOptions?];
    return namedSignature(task, args, kwargs, options);
  }
  const [input = {}, options] = given as [object?, CallOptions?];
  const fields = Object.entries(input).filter(([, value]) => value !== undefined);
  return namedSignature(task.name, [], Object.fromEntries(fields), { ...definedOptions(task), ...options });
}

function namedSignature(
  task: string,
  args: Args = [],
  kwargs: Kwargs = {},
  options: CallOptions = {},
): SignatureFields {
  return { task, args, kwargs, options: wireOptions(options), subtask_type: null, immutable: false };
}

const DEFINED_OPTIONS = [
  ...(['timeLimit', 'softTimeLimit', 'ignoreResult'] as const),
  ...(['priority', 'expires', 'serializer', 'compression'] as const),
];

/** Options that a message carries because the task's definition has them. */
function definedOptions(task: AnyTask): CallOptions {
  const defined = DEFINED_OPTIONS.filter((name) => task[name] !== undefined);
  return Object.fromEntries(defined.map((name) => [name, task[name]]));
}
