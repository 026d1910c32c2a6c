/** Waiting for a server that was just started. */
import { setTimeout as sleep } from 'node:timers/promises';
import { OperationalError } from '../errors.ts';
import { isRunning, type ProcessRecord } from './process-record.ts';

const POLL_MS = 100;

/**
 * Returns once `isReady` answers true; a throw counts as not yet. Ends with the signal's reason when it is aborted.
 *
 * @throws OperationalError when the process ends, or is not ready in time; the message names its log.
 */
export async function waitUntilReady(
  server: { readonly name: string; readonly process: ProcessRecord; readonly log: string },
  patienceMs: number,
  isReady: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (isRunning(server.process)) {
    signal?.throwIfAborted();
    if (await isReady().catch(() => false)) return;
    if (Date.now() > deadline) {
      throw new OperationalError(
        `${server.name} was not ready after ${patienceMs / 1000} s: its log ${server.log} says why`,
      );
    }
    await sleep(POLL_MS);
  }
  throw new OperationalError(`${server.name} ended while starting: its log ${server.log} says why`);
}
