/** Doing what must be done before a delivery may be acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EncodeError, MessageRefused, MessageTooLarge, ResultRefused } from '../errors.ts';
import type { WorkerNode } from './node.ts';

const RETRY_FIRST_MS = 200;
const RETRY_LAST_MS = 5_000;

/**
 * Does it until it succeeds: the delivery stays unacknowledged meanwhile, so that a worker that dies loses nothing.
 * Until then the worker takes nothing more: it could not bring that to its end either.
 *
 * @param fields - of the task, for the log.
 * @param intent - for the log too: `the result cannot be stored`.
 * @param action - is told whether it may have been done before.
 * @throws what `action` throws, when trying again cannot help, or the worker stops: the task runs again elsewhere.
 */
export async function durably(
  node: WorkerNode,
  fields: object,
  intent: string,
  action: (again: boolean) => Promise<void>,
): Promise<void> {
  let release: (() => void) | undefined;
  try {
    for (let pause = RETRY_FIRST_MS; ; pause = Math.min(pause * 2, RETRY_LAST_MS)) {
      try {
        return await action(pause > RETRY_FIRST_MS);
      } catch (err) {
        if (node.stopping.aborted || isPermanent(err)) throw err;
        node.logger.error({ ...fields, err }, `${intent}: again in ${pause} ms`);
        release ??= node.holds.hold(intent);
        await sleep(pause, undefined, { signal: node.stopping }).catch(() => undefined);
      }
    }
  } finally {
    release?.();
  }
}

type Permanent = MessageTooLarge | MessageRefused | EncodeError | ResultRefused;

/** Trying again cannot help. */
export function isPermanent(error: unknown): error is Permanent {
  return [MessageTooLarge, MessageRefused, EncodeError, ResultRefused].some((kind) => error instanceof kind);
}
