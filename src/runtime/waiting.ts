/** Waiting for something that may be given up. */
import type { WaitLimits } from './results.ts';
import { startTimer } from './timer.ts';

type End = () => void;

/**
 * Waits until `start` resolves or rejects, or a limit does.
 *
 * @param start begins to wait, and gives what ends that.
 * @param signals end the wait with their reasons, at once when they are aborted already.
 * @param overdue the error after the timeout.
 */
export async function waitWithin<Value>(
  start: (resolve: (value: Value) => void, reject: (reason: unknown) => void) => readonly End[],
  { sent, timeout, signal }: WaitLimits,
  closing: AbortSignal,
  overdue: (timeout: number) => Error,
): Promise<Value> {
  const ends: End[] = [];
  const signals = signal ? [signal, closing] : [closing];
  for (const each of signals) each.throwIfAborted();
  try {
    return await new Promise<Value>((resolve, reject) => {
      ends.push(...start(resolve, reject), ...signals.map((each) => onAbort(each, reject)));
      if (timeout !== undefined) ends.push(startTimer(timeout, () => reject(overdue(timeout))));
      sent.catch(reject);
    });
  } finally {
    for (const end of ends) end();
  }
}

function onAbort(signal: AbortSignal, act: (reason: unknown) => void): End {
  const listener = () => act(signal.reason);
  signal.addEventListener('abort', listener);
  return () => signal.removeEventListener('abort', listener);
}
