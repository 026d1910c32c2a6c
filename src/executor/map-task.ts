/** `celery.map` and `celery.starmap`: another task, once for each item (celery/app/builtins.py). */
import type { Job, JsonText, Outcome } from '../contract/job.ts';
import { InvalidTaskError, OperationNotSupported } from '../errors.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { isFields } from '../protocol/fields.ts';
import { stringifyJson } from '../protocol/json.ts';
import { bindArguments } from '../tasks/arguments.ts';
import { readArguments } from './call-arguments.ts';

export interface MapTask {
  readonly name: string;
  /** Whether an item is the list of the task's arguments instead of the only one. */
  readonly spread: boolean;
}

export const mapTasks: readonly MapTask[] = [
  { name: 'celery.map', spread: false },
  { name: 'celery.starmap', spread: true },
];

/**
 * The runs that a map consists of. Of the signature only the task counts, as in Celery.
 *
 * @throws InvalidTaskError when it does not say which task, or with which items.
 */
export function itemJobs({ name, spread }: MapTask, job: Job): { taskName: string; jobs: Iterable<Job> } {
  const { args, kwargs } = readArguments(job);
  const { values } = bindArguments({ task: name, required: ['task', 'it'], optional: [] }, args, kwargs);
  const taskName = isFields(values.task) ? values.task.task : values.task;
  if (typeof taskName !== 'string') {
    throw new InvalidTaskError(`${name}: 'task' is no signature: send one, such as add.map([1, 2])`);
  }
  const items = listOf(name, 'it', values.it).map((item) =>
    spread ? listOf(name, 'an item', item) : [item],
  );
  return { taskName, jobs: jobsOf(job, taskName, items) };
}

/** An item's outcome that ends the whole, as it ends a task that calls another one as a function. */
export function outcomeOfMap({ name }: MapTask, outcome: Outcome): Outcome {
  if (outcome.kind === 'retry') return { kind: 'failure', error: outcome.error };
  if (outcome.kind !== 'replaced') return outcome;
  const error = new OperationNotSupported(`a task that ${name} runs cannot be replaced: send it by itself`);
  return { kind: 'failure', error: toErrorRecord(error) };
}

function* jobsOf(job: Job, taskName: string, items: readonly (readonly unknown[])[]): Iterable<Job> {
  for (const args of items) yield { ...job, taskName, body: bodyOf(args) };
}

function bodyOf(args: readonly unknown[]): JsonText {
  return stringifyJson([args, {}, {}]);
}

function listOf(task: string, what: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new InvalidTaskError(`${task}: ${what} is no list: send one`);
}
