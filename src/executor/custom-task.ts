/** Runs a user-defined task, on whichever thread it is called. */
import type { Job, Outcome } from '../contract/job.ts';
import type { AnyTask } from '../contract/task.ts';
import type { TaskLine } from '../contract/task-line.ts';
import { readArguments } from './call-arguments.ts';
import { causeOf, outcomeOf } from './outcome.ts';
import { retryFor } from './retry.ts';
import { createTaskContext } from './task-context.ts';
import { readInput } from './task-input.ts';

/** Checks the input against the task's schema and calls its function. Never rejects. */
export function runCustomTask(
  task: AnyTask,
  job: Job,
  signal: AbortSignal,
  line: TaskLine,
): Promise<Outcome> {
  return outcomeOf(async () => {
    const input = await readInput(task, readArguments(job));
    try {
      return await task.run(input, createTaskContext(task, job, signal, line));
    } catch (error) {
      throw retryFor(task, job, causeOf(error, signal));
    }
  }, signal);
}
