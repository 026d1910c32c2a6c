/** A task that shall run again: its message, published before anything else is done (celery/app/task.py `retry`). */
import type { Outcome } from '../contract/job.ts';
import { type NextRun, retryMessage } from '../protocol/copy.ts';
import { isCopy } from './admission.ts';
import { durably, isPermanent } from './durably.ts';
import type { Request, WorkerNode } from './node.ts';
import { type Conclusion, failedWith, taskFields } from './report.ts';
import { recordDone } from './settlement.ts';

/**
 * Sends the message of a task's next run, and notes that this run is over: its delivery, should it come again,
 * must not lead to a second one. Resolves with the retry, or with a failure when its message can never be sent.
 */
export async function sendRetry(
  node: WorkerNode,
  request: Request,
  retry: Extract<Outcome, { kind: 'retry' }>,
): Promise<Conclusion> {
  try {
    await durably(node, taskFields(request), 'the retry cannot be sent', (again) =>
      publishRetry(node, request, retry, again),
    );
  } catch (error) {
    if (!isPermanent(error)) throw error;
    return failedWith(error);
  }
  await recordDone(node, request);
  return retry;
}

async function publishRetry(
  node: WorkerNode,
  request: Request,
  { countdown, input }: Extract<Outcome, { kind: 'retry' }>,
  again: boolean,
): Promise<void> {
  const { message, delivery } = request;
  // A run that was delivered before may have sent its retry before; one that is delivered elsewhere by now may do so there.
  const reason = again || isCopy(request) || delivery.lost ? 'again' : null;
  const eta = countdown > 0 ? new Date(Date.now() + countdown * 1000) : null;
  const next: NextRun = { eta, input, reason };
  await node.delays.publish(retryMessage(delivery, message, delivery.queue, next, node.encoding), eta);
}
