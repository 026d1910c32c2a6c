/** The input of a user-defined task, from what a client passed. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AnyTask } from '../contract/task.ts';
import { InvalidTaskError } from '../errors.ts';
import { isFields } from '../protocol/fields.ts';
import type { CallArguments } from './call-arguments.ts';

/** @throws InvalidTaskError when the arguments do not fit the task, or the input does not fit its schema. */
export async function readInput(task: AnyTask, call: CallArguments): Promise<never> {
  const result = await task.input['~standard'].validate(bind(task, call));
  // The schema and the function belong to one task, so what the one lets through is what the other takes.
  if (!result.issues) return result.value as never;
  const problems = result.issues.map(describeIssue).join('; ');
  throw new InvalidTaskError(
    `task '${task.name}' was sent an input that does not fit: ${problems}. Send what its schema asks for`,
  );
}

function bind({ name, args: names }: AnyTask, { args, kwargs }: CallArguments): unknown {
  if (args.length === 0) return kwargs;
  return names === undefined ? mergeInput(name, args, kwargs) : bindByName(name, names, args, kwargs);
}

/** As Python binds a call: the n-th argument is the n-th field, and none is given twice. */
function bindByName(
  task: string,
  names: readonly string[],
  args: CallArguments['args'],
  kwargs: CallArguments['kwargs'],
): unknown {
  if (args.length > names.length) throw tooManyArguments(task, names, args.length);
  const given = args.map((value, position) => [names[position] ?? '', value] as const);
  const twice = given.find(([name]) => Object.hasOwn(kwargs, name));
  if (twice) {
    throw new InvalidTaskError(`${task}() got multiple values for argument '${twice[0]}': send it once`);
  }
  return { ...kwargs, ...Object.fromEntries(given) };
}

/** The only positional argument is the input. What is given by keyword besides, as in a chain, wins. */
function mergeInput(task: string, args: CallArguments['args'], kwargs: CallArguments['kwargs']): unknown {
  const [input] = args;
  const isAlone = Object.keys(kwargs).length === 0;
  if (args.length === 1 && isAlone) return input;
  if (args.length === 1 && isFields(input)) return { ...input, ...kwargs };
  throw new InvalidTaskError(
    `task '${task}' takes one input, not ${args.length} positional and ${Object.keys(kwargs).length} keyword arguments: send it as keyword arguments, or as the only positional one, or give the task 'args', the names of its fields in their order`,
  );
}

function tooManyArguments(task: string, names: readonly string[], given: number): InvalidTaskError {
  const takes = `${names.length} positional argument${names.length === 1 ? '' : 's'}`;
  const were = given === 1 ? 'was' : 'were';
  return new InvalidTaskError(
    `${task}() takes ${takes} but ${given} ${were} given: send (${names.join(', ')})`,
  );
}

function describeIssue({ message, path = [] }: StandardSchemaV1.Issue): string {
  const keys = path.map((segment) => (typeof segment === 'object' ? segment.key : segment));
  return keys.length === 0 ? message : `${keys.map(String).join('.')}: ${message}`;
}
