/** Telling the world how a task stands: its result to the backends, a line to the log, a count to the metrics. */
import type { Outcome } from '../contract/job.ts';
import type { Phase } from '../contract/measures.ts';
import { type OmegaError, ProtocolError, SoftTimeLimitExceeded, TaskRevokedError } from '../errors.ts';
import { UNREGISTERED } from '../metrics/cardinality.ts';
import { decodeBody } from '../protocol/decode-task.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { hideSecrets } from '../protocol/hidden-secrets.ts';
import { stringifyJson } from '../protocol/json.ts';
import { errorResult, type ResultMeta, successResult, type TaskResult } from '../protocol/result.ts';
import type { ResultRequest } from '../protocol/result-request.ts';
import { FAILURE, RETRY, REVOKED } from '../protocol/states.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { type Continuation, planContinuation } from './continuation.ts';
import { durably, isPermanent } from './durably.ts';
import { type Request, secondsOf, type WorkerNode } from './node.ts';

/** How a task ended, for good. */
export type Conclusion =
  | Exclude<Outcome, { kind: 'unavailable' }>
  | { readonly kind: 'revoked'; readonly reason: 'revoked' | 'expired' | 'terminated' }
  /** It had ended before: a copy only has its result sent again, null where none is stored. */
  | { readonly kind: 'duplicate'; readonly result: ResultMeta | null };

/** The conclusion that the task failed with this error, which is no fault of the task's code: it has no traceback. */
export function failedWith(error: OmegaError): Conclusion {
  return { kind: 'failure', error: { ...toErrorRecord(error), traceback: null } };
}

/**
 * Stores and sends what became of a task, then what comes after it; resolves when both are durable, so that the
 * delivery may be settled, with what was stored.
 */
export async function report(
  node: WorkerNode,
  request: Request,
  conclusion: Conclusion,
): Promise<Conclusion> {
  const planned = planContinuation(node, request, conclusion);
  const ended = planned.failure ? failedWith(planned.failure) : conclusion;
  const stored = await storeFinal(node, request, ended, planned.children);
  const continuation = stored === conclusion ? planned : planContinuation(node, request, stored);
  if (continuation.publish) await timed(node, 'publish', continuation.publish);
  count(node, request, stored);
  log(node, request, stored);
  return stored;
}

/** Stores and sends one state of a task. */
export async function storeState(node: WorkerNode, request: Request, result: TaskResult): Promise<void> {
  await node.backend.store(
    node.settings.resultExtended ? { ...result, request: describeRequest(node, request) } : result,
  );
}

/** Whether the states of a task are stored and sent: what its message says of `ignore_result`, else its definition. */
export function keepsResult(node: WorkerNode, { message }: Request): boolean {
  const { ignore_result: asked } = message.headers;
  const isIgnored = typeof asked === 'boolean' ? asked : node.tasks.get(message.taskName)?.ignoreResult;
  return !isIgnored;
}

/** Whether how a task ended is stored and sent: a failure maybe also where results are ignored. */
function keepsEnd(node: WorkerNode, request: Request, { kind }: Conclusion): boolean {
  if (keepsResult(node, request)) return true;
  return kind === 'failure' && node.tasks.get(request.message.taskName)?.storeErrorsEvenIfIgnored === true;
}

/**
 * Stores the result; a value that can never be stored becomes a failure that says so. Where its children are why, because
 * they are too many or nested too deep, it is stored without them.
 */
async function storeFinal(
  node: WorkerNode,
  request: Request,
  conclusion: Conclusion,
  children: Continuation['children'] = [],
): Promise<Conclusion> {
  const result = finalResult(request, conclusion, children);
  if (result === null || !keepsEnd(node, request, conclusion)) return conclusion;
  try {
    await timed(node, 'store_result', () =>
      durably(node, taskFields(request), 'the result cannot be stored', () =>
        storeState(node, request, result),
      ),
    );
    return conclusion;
  } catch (error) {
    if (!isPermanent(error)) throw error;
    // The result of a task that had ended before is where it was: only sending it again is impossible.
    if (conclusion.kind === 'duplicate') return conclusion;
    if (children.length > 0) return await storeFinal(node, request, conclusion);
    if (conclusion.kind !== 'failure') return await storeFinal(node, request, failedWith(error));
    node.logger.error({ ...taskFields(request), err: error }, 'the failure cannot be stored or sent');
    return conclusion;
  }
}

function finalResult(
  { message }: Request,
  conclusion: Conclusion,
  children: Continuation['children'],
): TaskResult | null {
  switch (conclusion.kind) {
    case 'success':
      return { ...successResult(message, conclusion.result), children };
    case 'failure':
      return errorResult(message, conclusion.error, FAILURE);
    case 'revoked': {
      const revocation = toErrorRecord(new TaskRevokedError(conclusion.reason));
      return errorResult(message, { ...revocation, traceback: null }, REVOKED);
    }
    case 'duplicate':
      return conclusion.result && resent(message, conclusion.result);
    case 'retry':
      return errorResult(message, conclusion.error, RETRY);
    case 'rejected':
      return conclusion.requeue ? null : errorResult(message, conclusion.error, FAILURE);
    case 'replaced':
    case 'ignored':
      return null;
  }
}

function resent(message: TaskMessage, { result, ...meta }: ResultMeta): TaskResult {
  return { ...message, ...meta, taskId: message.taskId, result: stringifyJson(result) };
}

/** What `result_extended` keeps of a request. */
function describeRequest(node: WorkerNode, { message, delivery }: Request): ResultRequest {
  const { taskName, retries, stamps } = message;
  const { args, kwargs } = readArguments(message);
  return { name: taskName, args, kwargs, worker: node.hostname, retries, queue: delivery.alias, stamps };
}

/** Null where the arguments hold a marker that nobody knows: the task itself fails of that. */
function readArguments({ body }: TaskMessage): Pick<ResultRequest, 'args' | 'kwargs'> {
  try {
    return hideSecrets(decodeBody(body));
  } catch (error) {
    if (error instanceof ProtocolError) return { args: null, kwargs: null };
    throw error;
  }
}

const countedAs = {
  success: 'succeeded',
  failure: 'failed',
  retry: 'retried',
  rejected: 'rejected',
  revoked: 'revoked',
  replaced: null,
  ignored: null,
  duplicate: null,
} as const satisfies Record<Conclusion['kind'], string | null>;

function count(node: WorkerNode, request: Request, conclusion: Conclusion): void {
  const name = knownName(node, request);
  const { alias: queue } = request.delivery;
  const event = countedAs[conclusion.kind];
  if (event) node.metrics.taskEvent(event, name, queue);
  if (conclusion.kind === 'failure') countFailure(node, name, conclusion.error.excType);
  if (conclusion.kind === 'success') node.metrics.resultSize(Buffer.byteLength(conclusion.result), name);
  if (request.startedAt !== null) node.metrics.taskDuration(secondsOf(request), name, queue);
}

function countFailure({ metrics }: WorkerNode, name: string, exception: string): void {
  metrics.taskFailed(name, exception);
  if (exception === SoftTimeLimitExceeded.name) metrics.timedOut(name, 'soft');
}

async function timed<Result>(
  { metrics }: WorkerNode,
  phase: Phase,
  work: () => Promise<Result>,
): Promise<Result> {
  const started = performance.now();
  const result = await work();
  metrics.phase(phase, (performance.now() - started) / 1000);
  return result;
}

function log(node: WorkerNode, request: Request, conclusion: Conclusion): void {
  const fields = { ...taskFields(request), seconds: secondsOf(request) };
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
    case 'retry':
      node.logger.warn(
        { ...fields, exception: conclusion.error.excType },
        `task runs again in ${conclusion.countdown} s: ${conclusion.error.excMessage.join(', ')}`,
      );
      break;
    case 'rejected':
      node.logger.warn(fields, conclusion.requeue ? 'task goes back to its queue' : 'task rejected');
      break;
    case 'replaced':
    case 'ignored':
      node.logger.info(fields, `task ${conclusion.kind}`);
      break;
    case 'failure': {
      const { excType, excMessage, traceback } = conclusion.error;
      const text = `task failed: ${excMessage.join(', ')}`;
      if (conclusion.expected) node.logger.info({ ...fields, exception: excType }, text);
      else node.logger.error({ ...fields, exception: excType, traceback }, text);
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
