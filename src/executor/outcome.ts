import type { Job, JsonText, Outcome } from '../contract/job.ts';
import { Ignore, Reject, Replace, Retry } from '../errors.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { stringifyJson } from '../protocol/json.ts';
import { assertSize } from '../protocol/result.ts';

/** Runs a task function to its outcome, whatever it returns or throws. Never rejects. */
export async function outcomeOf(
  run: () => unknown,
  job: Job,
  signal: AbortSignal,
  outcomeFor: (error: unknown) => Outcome = outcomeOfThrown,
): Promise<Outcome> {
  try {
    return successOf(job, stringifyJson(await run()));
  } catch (error) {
    return outcomeFor(causeOf(error, signal));
  }
}

/** The outcome of a task that returned. @throws MessageTooLarge for what the supervisor has no room for. */
export function successOf({ taskId, resultLimit }: Job, result: JsonText): Outcome {
  assertSize(`the result of task ${taskId}`, result, resultLimit);
  return { kind: 'success', result };
}

/** The outcome of a task that threw: a failure, or what it asks for with a TaskPredicate. */
export function outcomeOfThrown(error: unknown): Outcome {
  if (error instanceof Retry) return retryOutcome(error);
  if (error instanceof Ignore) return { kind: 'ignored' };
  if (error instanceof Reject) return rejectedOutcome(error);
  if (error instanceof Replace && error.signature !== '') {
    return { kind: 'replaced', signature: error.signature as JsonText };
  }
  return failureOf(error);
}

/** The outcome of a task that failed. */
export function failureOf(error: unknown): Outcome {
  return { kind: 'failure', error: toErrorRecord(error) };
}

/** What a task failed of: Node's functions throw an AbortError of their own when their signal is aborted. */
export function causeOf(error: unknown, signal: AbortSignal): unknown {
  const isAbort = signal.aborted && error instanceof Error && error.name === 'AbortError';
  return isAbort ? signal.reason : error;
}

/** The state RETRY shows the error that led to it (celery/app/trace.py `handle_retry`). */
function retryOutcome(retry: Retry): Outcome {
  const { countdown, input, cause } = retry;
  return {
    kind: 'retry',
    error: toErrorRecord(cause === undefined ? retry : cause),
    countdown,
    input: input as JsonText | null,
  };
}

/** Celery's Reject has two arguments, the reason and `requeue`. */
function rejectedOutcome(reject: Reject): Outcome {
  const { requeue } = reject;
  const record = toErrorRecord(reject);
  return { kind: 'rejected', requeue, error: { ...record, excMessage: [...record.excMessage, requeue] } };
}
