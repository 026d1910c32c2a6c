import type { Outcome } from '../contract/job.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { stringifyJson } from '../protocol/json.ts';

/** Runs a task function to its outcome, whatever it returns or throws. Never rejects. */
export async function outcomeOf(run: () => unknown, signal: AbortSignal): Promise<Outcome> {
  try {
    return { kind: 'success', result: stringifyJson(await run()) };
  } catch (error) {
    return failureOf(isAbortOf(signal, error) ? signal.reason : error);
  }
}

/** The outcome of a task that threw. */
export function failureOf(error: unknown): Outcome {
  return { kind: 'failure', error: toErrorRecord(error) };
}

/** Node's functions throw an AbortError of their own when their signal is aborted. */
function isAbortOf(signal: AbortSignal, error: unknown): boolean {
  return signal.aborted && error instanceof Error && error.name === 'AbortError';
}
