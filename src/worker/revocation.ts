/** Telling the clients of revoked tasks that they need not wait for them (celery/worker/control.py `_revoke`). */
import type { TaskId } from '../contract/job.ts';
import { TaskRevokedError } from '../errors.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { errorResult } from '../protocol/result.ts';
import { PENDING, RECEIVED, REJECTED, RETRY, REVOKED } from '../protocol/states.ts';
import type { WorkerNode } from './node.ts';

/** States of a task that waits somewhere. */
const WAITING_STATES: readonly string[] = [PENDING, RECEIVED, RETRY, REJECTED];

/**
 * Stores REVOKED of tasks that wait somewhere else: in a queue, in the delay queues. Those that are in this worker
 * say so themselves, and another worker's running ones run on. Never rejects.
 */
export async function reportRevoked(node: WorkerNode, taskIds: readonly string[]): Promise<void> {
  const here = new Set<string>([...node.requests.keys()].map(({ message }) => message.taskId));
  for (const taskId of taskIds) {
    if (here.has(taskId)) continue;
    await storeRevoked(node, taskId).catch((err: Error) => {
      node.logger.warn({ task_id: taskId, err }, 'that the task is revoked could not be stored');
    });
  }
}

async function storeRevoked(node: WorkerNode, taskId: string): Promise<void> {
  const state = (await node.backend.fetchStates([taskId])).get(taskId);
  if (state !== undefined && !WAITING_STATES.includes(state)) return;
  const address = {
    taskId: taskId as TaskId,
    groupId: null,
    parentId: null,
    // Only its message says who waits for a reply; the worker that gets it answers.
    replyTo: null,
    correlationId: taskId,
  };
  const revocation = { ...toErrorRecord(new TaskRevokedError('revoked')), traceback: null };
  await node.backend.store(errorResult(address, revocation, REVOKED));
}
