/** Runs a user-defined task, on whichever thread it is called. */
import type { Job, Outcome } from '../contract/job.ts';
import type { AnyTask } from '../contract/task.ts';
import type { TaskLine } from '../contract/task-line.ts';
import { stringifyJson } from '../protocol/json.ts';
import { readArguments } from './call-arguments.ts';
import { type End, endHooks } from './hooks.ts';
import { causeOf, outcomeOfThrown, successOf } from './outcome.ts';
import { matches, retryFor } from './retry.ts';
import { createTaskContext, runningTask } from './task-context.ts';
import { readInput } from './task-input.ts';

/** Checks the input against the task's schema and calls its functions. Never rejects. */
export async function runCustomTask(
  task: AnyTask,
  job: Job,
  signal: AbortSignal,
  line: TaskLine,
): Promise<Outcome> {
  let input: never;
  try {
    input = await readInput(task, readArguments(job));
  } catch (error) {
    return outcomeOfThrown(causeOf(error, signal));
  }
  const running = runningTask(job, signal);
  const end = await endOf(task, job, signal, async () => {
    await task.beforeStart?.(input, running);
    return await task.run(input, createTaskContext(task, job, signal, line));
  });
  await endHooks(task, end, input, running);
  return end.outcome;
}

/** How a run ends, and the value that it ends with. Never rejects. */
async function endOf(
  task: AnyTask,
  job: Job,
  signal: AbortSignal,
  run: () => Promise<unknown>,
): Promise<End> {
  let value: unknown;
  try {
    value = await run();
  } catch (error) {
    return endByError(task, retryFor(task, job, causeOf(error, signal)));
  }
  try {
    return { value, outcome: successOf(job, stringifyJson(value)) };
  } catch (error) {
    return endByError(task, error);
  }
}

function endByError(task: AnyTask, thrown: unknown): End {
  const outcome = outcomeOfThrown(thrown);
  const isAnnounced = outcome.kind === 'failure' && isExpected(task, thrown);
  return { value: thrown, outcome: isAnnounced ? { ...outcome, expected: true } : outcome };
}

function isExpected({ throws = [] }: AnyTask, thrown: unknown): boolean {
  return thrown instanceof Error && throws.some((match) => matches(match, thrown));
}
