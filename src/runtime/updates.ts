/** The states of a task as they come, for `for await`. */
import type { ResultMeta } from '../protocol/result.ts';
import { isReady } from '../protocol/states.ts';
import type { Results, WaitLimits } from './results.ts';
import type { TrackedTask } from './tracked-task.ts';

/** Updates that wait for a reader who is slow; older ones are passed over. */
const KEPT_UPDATES = 1_000;

/**
 * The newest state that is known, then every further one in the order in which they are heard of, the final one last.
 *
 * @throws ResultTimeout, OperationNotSupported, what `sent` rejects with, and the reasons of the signals.
 */
export async function* followUpdates(
  results: Results,
  task: TrackedTask,
  limits: WaitLimits,
): AsyncGenerator<ResultMeta, void, undefined> {
  const left = new AbortController();
  const signal = limits.signal ? AbortSignal.any([limits.signal, left.signal]) : left.signal;
  const updates: ResultMeta[] = task.latest ? [task.latest] : [];
  let wake = (): void => undefined;
  const listener = (result: ResultMeta): void => {
    updates.push(result);
    if (updates.length > KEPT_UPDATES) updates.shift();
    wake();
  };
  task.listeners.add(listener);
  const ready = results.ready(task, { ...limits, signal });
  ready.catch(() => undefined);
  try {
    for (;;) {
      const next = updates.shift();
      if (next === undefined) {
        const news = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([news, ready]);
        continue;
      }
      yield next;
      if (isReady(next.state)) return;
    }
  } finally {
    task.listeners.delete(listener);
    left.abort(new Error('nobody reads the updates any more'));
  }
}
