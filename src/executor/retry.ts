/** When a task runs again: because it asks for it, or because its options say so for the error that it threw. */
import type { Job } from '../contract/job.ts';
import type { AnyTask, Backoff, ErrorMatch, RetryOptions } from '../contract/task.ts';
import {
  InvalidOptions,
  MaxRetriesExceededError,
  Retry,
  SoftTimeLimitExceeded,
  TaskPredicate,
} from '../errors.ts';
import { isFields } from '../protocol/fields.ts';
import { argsRepr, pythonRepr } from '../protocol/repr.ts';
import { readArguments } from './call-arguments.ts';
import { textForSupervisor } from './text-for-supervisor.ts';

const DEFAULT_MAX_RETRIES = 3;
const DEFAULT_DELAY_S = 180;
const DEFAULT_FIRST_S = 1;
const DEFAULT_MOST_S = 600;

/**
 * What a task throws to run again: `Retry`, or, when it has been retried often enough, why it was to be retried
 * (celery/app/task.py `Task.retry`).
 */
export function retryOf(task: AnyTask, job: Job, options: RetryOptions = {}): unknown {
  const { error: cause, countdown = task.retryDelay ?? DEFAULT_DELAY_S } = options;
  const given = 'input' in options ? textForSupervisor(job, 'the input', callOf(options.input)) : null;
  if (!(countdown >= 0 && countdown < Number.POSITIVE_INFINITY)) {
    throw new InvalidOptions(`task '${task.name}': the countdown of a retry is ${countdown}: give seconds`);
  }
  const { maxRetries = task.maxRetries === undefined ? DEFAULT_MAX_RETRIES : task.maxRetries } = options;
  if (maxRetries !== null && job.retries >= maxRetries) return cause ?? retriesExceeded(job, given);
  return new Retry(`Retry in ${countdown}s`, { cause, countdown, input: given });
}

/** What a task throws that threw `error`: to run again, where its options have it so. */
export function retryFor(task: AnyTask, job: Job, error: unknown): unknown {
  if (!isRetried(task, error)) return error;
  const { retryBackoff } = task;
  if (!retryBackoff) return retryOf(task, job, { error });
  const backoff = retryBackoff === true ? {} : retryBackoff;
  return retryOf(task, job, { error, countdown: backoffDelay(backoff, job.retries, Math.random) });
}

/**
 * Seconds to wait before the next run of a task that has been retried so often: doubled each time, and with
 * jitter a whole number from 0 to that (celery/utils/time.py `get_exponential_backoff_interval`).
 *
 * @param random gives numbers from 0 to below 1.
 */
export function backoffDelay(backoff: Backoff, retries: number, random: () => number): number {
  const { first = DEFAULT_FIRST_S, most = DEFAULT_MOST_S, jitter = true } = backoff;
  const wait = Math.min(most, first * 2 ** retries);
  return jitter ? Math.min(wait, Math.floor(random() * (wait + 1))) : wait;
}

/** A soft time limit is met again by the next run: it is retried only when the task names it. */
function isRetried({ autoRetryFor = [], dontAutoRetryFor = [] }: AnyTask, error: unknown): boolean {
  if (autoRetryFor.length === 0 || !(error instanceof Error) || error instanceof TaskPredicate) return false;
  if (dontAutoRetryFor.some((match) => matches(match, error))) return false;
  if (error instanceof SoftTimeLimitExceeded) {
    return autoRetryFor.some((match) => match === SoftTimeLimitExceeded || match === error.name);
  }
  return autoRetryFor.some((match) => matches(match, error));
}

/** Whether an error is one of these. */
export function matches(match: ErrorMatch, error: Error): boolean {
  return typeof match === 'string' ? error.name === match : error instanceof match;
}

/** A call of a task with this input, `[args, kwargs]`. */
function callOf(input: unknown): readonly [readonly unknown[], object] {
  return isFields(input) ? [[], input] : [[input], {}];
}

function retriesExceeded(job: Job, input: string | null): MaxRetriesExceededError {
  const body = (input ?? job.body) as Job['body'];
  const { args, kwargs } = readArguments({ ...job, body });
  return new MaxRetriesExceededError(
    `Can't retry ${job.taskName}[${job.taskId}] args:${argsRepr(args)} kwargs:${pythonRepr(kwargs)}`,
  );
}
