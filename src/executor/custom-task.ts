/** Runs a user-defined task, on whichever thread it is called. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Job, Outcome } from '../contract/job.ts';
import type { AnyTask } from '../contract/task.ts';
import { InvalidTaskError } from '../errors.ts';
import { type CallArguments, readArguments } from './call-arguments.ts';
import { causeOf, outcomeOf } from './outcome.ts';
import { retryFor } from './retry.ts';
import { createTaskContext } from './task-context.ts';

/** Checks the input against the task's schema and calls its function. Never rejects. */
export function runCustomTask(task: AnyTask, job: Job, signal: AbortSignal): Promise<Outcome> {
  return outcomeOf(async () => {
    const input = await validate(task, inputOf(task, readArguments(job)));
    try {
      return await task.run(input, createTaskContext(task, job, signal));
    } catch (error) {
      throw retryFor(task, job, causeOf(error, signal));
    }
  }, signal);
}

/** The input is the only positional argument, else the keyword arguments as one object. */
function inputOf({ name }: AnyTask, { args, kwargs }: CallArguments): unknown {
  if (args.length === 0) return kwargs;
  if (args.length === 1 && Object.keys(kwargs).length === 0) return args[0];
  throw new InvalidTaskError(
    `task '${name}' takes one input, not ${args.length} positional and ${Object.keys(kwargs).length} keyword arguments: send it as keyword arguments, or as the only positional one`,
  );
}

async function validate(task: AnyTask, value: unknown): Promise<never> {
  const result = await task.input['~standard'].validate(value);
  // The schema and the function belong to one task, so what the one lets through is what the other takes.
  if (!result.issues) return result.value as never;
  const problems = result.issues.map(describeIssue).join('; ');
  throw new InvalidTaskError(
    `task '${task.name}' was sent an input that does not fit: ${problems}. Send what its schema asks for`,
  );
}

function describeIssue({ message, path = [] }: StandardSchemaV1.Issue): string {
  const keys = path.map((segment) => (typeof segment === 'object' ? segment.key : segment));
  return keys.length === 0 ? message : `${keys.map(String).join('.')}: ${message}`;
}
