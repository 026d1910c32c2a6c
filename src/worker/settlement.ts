/** How deliveries are settled with the broker, and when. */
import type { Delivery } from '../broker/consumer.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { durably } from './durably.ts';
import type { Request, Settlement, WorkerNode } from './node.ts';
import { type Conclusion, taskFields } from './report.ts';

/**
 * Settles the delivery of a run, unless that was done when it started.
 *
 * @param isOver - whether the task must not run again. The broker delivers it again if it gets no ack for it.
 */
export async function settleRun(
  node: WorkerNode,
  request: Request,
  settlement: Settlement,
  isOver: boolean,
): Promise<void> {
  const { delivery, message } = request;
  if (request.lease !== null && !isOver) await release(node, request, request.lease);
  // Its copy will come back for certain.
  if (request.handedOver && isOver) await recordDone(node, request).catch(mayRunAgain(node, message));
  if (delivery.settled) return;
  const unsent = async (): Promise<void> => {
    if (isOver) await rememberDone(node, message);
  };
  if (!settle(node, delivery, settlement, unsent)) await unsent();
}

/** Notes that a run is over; tries until it is durable. @throws what ends that, when the worker stops */
export async function recordDone(node: WorkerNode, request: Request): Promise<void> {
  await durably(node, taskFields(request), 'the end of the run cannot be recorded', () =>
    node.ledger.recordDone(request.message),
  );
}

/**
 * The only place where a delivery is acknowledged, requeued or rejected. False: the broker was not reached.
 *
 * @param unsent - called if it is found out later that the broker was not reached.
 */
export function settle(
  node: WorkerNode,
  delivery: Delivery,
  settlement: Settlement,
  unsent?: () => Promise<void>,
): boolean {
  const live =
    settlement === 'ack' ? delivery.ack(unsent) : delivery.nack({ requeue: settlement === 'requeue' });
  node.metrics.acknowledged(delivery.alias, live ? settlement : 'stale');
  return live;
}

/** What the delivery of a task gets that came to this. */
export function settlementOf(node: WorkerNode, request: Request, conclusion: Conclusion): Settlement {
  if (conclusion.kind === 'rejected') return conclusion.requeue ? 'requeue' : 'reject';
  return conclusion.kind === 'failure' && !acksFailures(node, request) ? 'reject' : 'ack';
}

/** Whether a task that failed, or ran past its time limit, is acknowledged. */
export function acksFailures(node: WorkerNode, { message }: Request): boolean {
  return node.tasks.get(message.taskName)?.acksOnFailureOrTimeout ?? true;
}

/** Whether it runs at most once: it is acknowledged when it starts. */
export function acksEarly(node: WorkerNode, { message }: Request): boolean {
  return node.tasks.get(message.taskName)?.acksLate === false;
}

/** So that the message, which comes again, is not taken for one that runs. */
async function release(node: WorkerNode, { message }: Request, lease: string): Promise<void> {
  await node.ledger.release(message, lease).catch((err) => {
    node.logger.warn(
      { task_id: message.taskId, err },
      'the run waits until its lease is over: it cannot be released',
    );
  });
}

async function rememberDone(node: WorkerNode, message: TaskMessage): Promise<void> {
  await node.ledger.recordDone(message).catch(mayRunAgain(node, message));
}

function mayRunAgain(node: WorkerNode, { taskId }: TaskMessage): (err: unknown) => void {
  return (err) =>
    node.logger.warn({ task_id: taskId, err }, 'the task may run again: its end cannot be recorded');
}
