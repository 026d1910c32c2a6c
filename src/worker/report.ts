/** Telling the world how a task stands: its result to the backends, a line to the log, a count to the metrics. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../contract/job.ts';
import { MessageRefused, MessageTooLarge, type OmegaError, TaskRevokedError } from '../errors.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { stringifyJson } from '../protocol/json.ts';
import {
  errorResult,
  progressResult,
  type ResultMeta,
  successResult,
  type TaskResult,
} from '../protocol/result.ts';
import { FAILURE, REVOKED, STARTED } from '../protocol/states.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import type { Request, WorkerNode } from './node.ts';

/** How a task ended, for good. */
export type Conclusion =
  | Outcome
  | { readonly kind: 'revoked'; readonly reason: 'revoked' | 'expired' | 'terminated' }
  /** It had ended before: a copy only has its result sent again, null where none is stored. */
  | { readonly kind: 'duplicate'; readonly result: ResultMeta | null };

/** Label of all tasks that nobody has registered; they never run. */
export const UNREGISTERED = 'unregistered';

const RETRY_FIRST_MS = 200;
const RETRY_LAST_MS = 5_000;

/** The conclusion that the task failed with this error, which is no fault of the task's code: it has no traceback. */
export function failedWith(error: OmegaError): Conclusion {
  return { kind: 'failure', error: { ...toErrorRecord(error), traceback: null } };
}

/** Stores and sends the final result; resolves when it is durable, so that the delivery may be acknowledged. */
export async function report(node: WorkerNode, request: Request, conclusion: Conclusion): Promise<void> {
  const stored = await storeFinal(node, request, conclusion);
  count(node, request, stored);
  log(node, request, stored);
}

/** Stores the result; a value that can never be stored becomes a failure that says so. */
async function storeFinal(node: WorkerNode, request: Request, conclusion: Conclusion): Promise<Conclusion> {
  const result = finalResult(request, conclusion);
  if (result === null || request.message.ignoreResult) return conclusion;
  try {
    await storeDurably(node, request, result);
    return conclusion;
  } catch (error) {
    if (!isPermanent(error) || conclusion.kind === 'failure') throw error;
    // The result of a task that had ended before is where it was: only sending it again is impossible.
    if (conclusion.kind === 'duplicate') return conclusion;
    return await storeFinal(node, request, failedWith(error));
  }
}

/** Trying again cannot help. */
export function isPermanent(error: unknown): error is MessageTooLarge | MessageRefused {
  return error instanceof MessageTooLarge || error instanceof MessageRefused;
}

/** Tells the client that a long task has started; the loss of this message harms nobody. */
export async function reportStarted(node: WorkerNode, request: Request): Promise<void> {
  if (request.message.ignoreResult) return;
  const result = progressResult(request.message, STARTED, { pid: request.pid, hostname: node.hostname });
  await node.backend.store(result).catch((err: Error) => {
    node.logger.warn({ ...taskFields(request), err }, 'STARTED could not be reported');
  });
}

function finalResult({ message }: Request, conclusion: Conclusion): TaskResult | null {
  switch (conclusion.kind) {
    case 'success':
      return successResult(message, conclusion.result);
    case 'failure':
      return errorResult(message, conclusion.error, FAILURE);
    case 'revoked': {
      const revocation = toErrorRecord(new TaskRevokedError(conclusion.reason));
      return errorResult(message, { ...revocation, traceback: null }, REVOKED);
    }
    case 'duplicate':
      return conclusion.result && resent(message, conclusion.result);
    case 'retry':
    case 'replaced':
    case 'ignored':
    case 'rejected':
      return null;
  }
}

function resent(message: TaskMessage, { result, ...meta }: ResultMeta): TaskResult {
  return { ...message, ...meta, taskId: message.taskId, result: stringifyJson(result) };
}

/**
 * Stores until it succeeds: the delivery stays unacknowledged meanwhile, so that a worker that dies loses
 * nothing. When the worker stops first, the delivery is not acknowledged and the task runs again elsewhere.
 */
async function storeDurably(node: WorkerNode, request: Request, result: TaskResult): Promise<void> {
  for (let pause = RETRY_FIRST_MS; ; pause = Math.min(pause * 2, RETRY_LAST_MS)) {
    try {
      return await node.backend.store(result);
    } catch (err) {
      if (node.stopping.aborted || isPermanent(err)) throw err;
      node.logger.error({ ...taskFields(request), err }, `the result cannot be stored: again in ${pause} ms`);
      await sleep(pause, undefined, { signal: node.stopping }).catch(() => undefined);
    }
  }
}

function count(node: WorkerNode, request: Request, conclusion: Conclusion): void {
  const name = knownName(node, request);
  const queue = request.delivery.routingKey;
  if (conclusion.kind === 'success') node.metrics.taskEvent('succeeded', name, queue);
  if (conclusion.kind === 'revoked') node.metrics.taskEvent('revoked', name, queue);
  if (conclusion.kind === 'failure') {
    node.metrics.taskEvent('failed', name, queue);
    node.metrics.taskFailed(name, conclusion.error.excType);
  }
  if (request.startedAt !== null) {
    node.metrics.taskDuration((Date.now() - request.startedAt) / 1000, name, queue);
  }
}

function log(node: WorkerNode, request: Request, conclusion: Conclusion): void {
  const seconds = request.startedAt === null ? 0 : (Date.now() - request.startedAt) / 1000;
  const fields = { ...taskFields(request), seconds };
  switch (conclusion.kind) {
    case 'success':
      node.logger.info(fields, 'task succeeded');
      break;
    case 'revoked':
      node.logger.warn(fields, `task revoked: ${conclusion.reason}`);
      break;
    case 'duplicate':
      node.logger.info(fields, 'task had ended before: its result is sent again');
      break;
    case 'failure': {
      const { excType, excMessage, traceback } = conclusion.error;
      node.logger.error(
        { ...fields, exception: excType, traceback },
        `task failed: ${excMessage.join(', ')}`,
      );
    }
  }
}

/** What every log line about a task carries. */
export function taskFields({ message }: Request): { task_id: string; task_name: string } {
  return { task_id: message.taskId, task_name: message.taskName };
}

/** The task's name as a label; one that nobody registered comes from outside and would be without bound. */
export function knownName(node: WorkerNode, { message }: Request): string {
  return node.tasks.has(message.taskName) ? message.taskName : UNREGISTERED;
}
