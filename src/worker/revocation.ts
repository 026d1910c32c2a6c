/** Tells the clients of revoked tasks at once, and not only when a worker gets the message. */

import type { TaskId } from '../contract/job.ts';
import { TaskRevokedError } from '../errors.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { errorResult, type ResultAddress } from '../protocol/result.ts';
import { PENDING, RECEIVED, REJECTED, RETRY, REVOKED } from '../protocol/states.ts';
import type { Request, WorkerNode } from './node.ts';

/** States in which no worker has started the task (celery/worker/control.py `_revoke`). */
const NOT_STARTED: ReadonlySet<string> = new Set([PENDING, RECEIVED, RETRY, REJECTED]);
/** Results that are stored at a time. */
const AT_ONCE = 16;

/** Stores REVOKED for tasks that no worker has started. Never rejects: a worker that gets one stores it again. */
export async function storeRevoked(node: WorkerNode, taskIds: readonly string[]): Promise<void> {
  const waiting = [...taskIds];
  const work = async (): Promise<void> => {
    for (let taskId = waiting.pop(); taskId !== undefined; taskId = waiting.pop()) {
      await storeOne(node, taskId).catch((err: Error) => {
        node.logger.warn({ task_id: taskId, err }, 'REVOKED could not be stored');
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function storeOne(node: WorkerNode, taskId: string): Promise<void> {
  const request = findRequest(node, taskId);
  if (request && request.startedAt !== null) return;
  if (request?.message.ignoreResult) return;
  const state = (await node.backend.fetchResult(taskId))?.state ?? PENDING;
  if (!NOT_STARTED.has(state)) return;
  const error = { ...toErrorRecord(new TaskRevokedError('revoked')), traceback: null };
  await node.backend.store(errorResult(request?.message ?? unknownAddress(taskId), error, REVOKED));
}

function findRequest({ requests }: WorkerNode, taskId: string): Request | undefined {
  return [...requests.keys()].find(({ message }) => message.taskId === taskId);
}

/** Of a task whose message is elsewhere: stored under its id, sent to nobody. */
function unknownAddress(taskId: string): ResultAddress {
  return {
    taskId: taskId as TaskId,
    groupId: null,
    parentId: null,
    replyTo: null,
    correlationId: taskId,
  };
}
