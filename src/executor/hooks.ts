/** The functions that a task's definition has called when a run has ended (celery/app/trace.py). */
import { inspect } from 'node:util';
import type { Outcome } from '../contract/job.ts';
import type { AnyTask, EndState, RunningTask } from '../contract/task.ts';

/** How a run ended, and what it returned or threw. */
export interface End {
  readonly outcome: Outcome;
  readonly value: unknown;
}

/** Calls them one after the other. Never rejects: the outcome stands, so that what they throw is only logged. */
export async function endHooks(task: AnyTask, end: End, input: never, running: RunningTask): Promise<void> {
  const state = stateOf(end.outcome);
  if (state === null) return;
  const value = state === 'RETRY' ? reasonOf(end.value) : end.value;
  await guarded(task, running, endHook(state), () => task[endHook(state)]?.(value as never, input, running));
  await guarded(task, running, 'afterReturn', () => task.afterReturn?.(state, value, input, running));
}

function stateOf({ kind }: Outcome): EndState | null {
  if (kind === 'success') return 'SUCCESS';
  if (kind === 'failure') return 'FAILURE';
  return kind === 'retry' ? 'RETRY' : null;
}

function endHook(state: EndState): 'onSuccess' | 'onFailure' | 'onRetry' {
  if (state === 'SUCCESS') return 'onSuccess';
  return state === 'FAILURE' ? 'onFailure' : 'onRetry';
}

/** Why a task runs again: `Retry` carries it as its cause. */
function reasonOf(thrown: unknown): unknown {
  return thrown instanceof Error ? thrown.cause : undefined;
}

async function guarded(
  task: AnyTask,
  { taskId }: RunningTask,
  hook: string,
  call: () => unknown,
): Promise<void> {
  try {
    await call();
  } catch (error) {
    // The output of an executor becomes lines of the worker's log.
    process.stderr.write(`task ${task.name}[${taskId}]: its ${hook} threw ${inspect(error)}\n`);
  }
}
