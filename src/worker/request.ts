/**
 * A delivery's way through the worker: receive → admit → execute → report → settle. Each is one
 * function below, in this order; none of them throws for what a message or a task does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery } from '../broker/consumer.ts';
import type { Job } from '../contract/job.ts';
import {
  ContentDisallowed,
  NotRegistered,
  OperationNotSupported,
  ProtocolError,
  TimeLimitExceeded,
  WorkerLostError,
} from '../errors.ts';
import type { Ending } from '../executors/ending.ts';
import { isReady } from '../protocol/states.ts';
import { decodeTask, type TaskMessage } from '../protocol/task-message.ts';
import type { Request, Settlement, WorkerNode } from './node.ts';
import {
  type Conclusion,
  failedWith,
  knownName,
  report,
  reportMalformed,
  reportStarted,
  taskFields,
} from './report.ts';

/** What became of a request; `returned`: it did not run here and goes back to its queue. */
type Verdict = Conclusion | { readonly kind: 'returned' };
type Loss = Extract<Ending, { kind: 'lost' }>;

/** Runs of a task whose executor dies each time, before it is given up. */
const MAX_RUNS = 5;
/** A task that ends sooner is never reported as STARTED: a short task costs no extra write. */
const REPORT_STARTED_AFTER_MS = 500;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Takes a delivery through the worker. Resolves when it is settled; never rejects. */
export async function handleDelivery(node: WorkerNode, delivery: Delivery): Promise<void> {
  const settlement = await receive(node, delivery).catch((error: Error): Settlement => {
    node.logger.error({ err: error }, 'a delivery goes back to its queue: it could not be processed');
    return 'requeue';
  });
  settle(node, delivery, settlement);
}

async function receive(node: WorkerNode, delivery: Delivery): Promise<Settlement> {
  const message = decode(delivery);
  if (message instanceof Error) {
    await reportMalformed(node, delivery, message);
    return 'reject';
  }
  const request: Request = { message, delivery, waitingSince: null, startedAt: null, pid: null };
  countReceived(node, request);
  // After a lost connection the broker delivers again what still runs here: one run serves both.
  const twin = delivery.redelivered ? findTwin(node, message) : undefined;
  if (twin && (await twin) === 'ack') return 'ack';

  const settlement = process(node, request).finally(() => node.requests.delete(request));
  node.requests.set(request, settlement);
  return await settlement;
}

/** How another delivery of the same run will be settled, if there is one in this worker. */
function findTwin(node: WorkerNode, { taskId, retries }: TaskMessage): Promise<Settlement> | undefined {
  for (const [{ message }, settlement] of node.requests) {
    if (message.taskId === taskId && message.retries === retries) return settlement;
  }
  return undefined;
}

async function process(node: WorkerNode, request: Request): Promise<Settlement> {
  const verdict = (await admit(node, request)) ?? (await execute(node, request));
  if (verdict.kind === 'returned') return 'requeue';
  await report(node, request, verdict);
  return 'ack';
}

function decode(delivery: Delivery): TaskMessage | ProtocolError | ContentDisallowed {
  try {
    return decodeTask(delivery);
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof ContentDisallowed) return error;
    throw error;
  }
}

/** Whether the task may run: a verdict when it may not. */
async function admit(node: WorkerNode, request: Request): Promise<Verdict | undefined> {
  const { message, delivery } = request;
  if (!node.tasks.has(message.taskName)) return failedWith(unknownTask(node, message));
  if (hasCanvas(message)) return failedWith(canvasNotSupported(message));
  if (delivery.redelivered) return await admitAgain(node, request);
  return await admitInTime(node, request);
}

/** A redelivered task may have ended already, or have ended its executor too often. */
async function admitAgain(node: WorkerNode, request: Request): Promise<Verdict | undefined> {
  const { message } = request;
  const finished = await node.backend.fetchResult(message.taskId);
  if (finished && isReady(finished.state)) return { kind: 'duplicate', result: finished };
  const crashes = await node.ledger.crashes(runOf(message));
  if (crashes >= MAX_RUNS) return failedWith(lostTooOften(message, crashes, 'in earlier runs'));
  return await admitInTime(node, request);
}

async function admitInTime(node: WorkerNode, request: Request): Promise<Verdict | undefined> {
  const { eta } = request.message;
  if (eta && !(await waitUntil(eta, node.stopping))) return { kind: 'returned' };
  return refuseToStart(node, request.message);
}

/** Revoked and expired tasks: asked before each run, a task may have waited for long. */
function refuseToStart(node: WorkerNode, { taskId, expires }: TaskMessage): Verdict | undefined {
  if (node.revoked.has(taskId)) return { kind: 'revoked', reason: 'revoked' };
  if (expires && expires.getTime() < Date.now()) return { kind: 'revoked', reason: 'expired' };
  return undefined;
}

/** Runs the task, again when its executor dies, until there is a verdict. */
async function execute(node: WorkerNode, request: Request): Promise<Verdict> {
  for (;;) {
    const verdict = judge(node, request, await dispatch(node, request));
    if (verdict.kind !== 'lost') return verdict;
    const refusal = await admitAfterLoss(node, request, verdict);
    if (refusal) return refusal;
  }
}

/** What an ending in an executor means for the task; a loss is left to be looked into. */
function judge(node: WorkerNode, { message }: Request, ending: Ending): Verdict | Loss {
  switch (ending.kind) {
    case 'terminated':
      node.metrics.executorEnded('terminated');
      return { kind: 'revoked', reason: 'terminated' };
    case 'time-limit':
      node.metrics.executorEnded('time-limit');
      return failedWith(overTimeLimit(message, ending.seconds));
    default:
      return ending;
  }
}

/** Whether a task whose executor died may run again here: counted only if the task had started in it. */
async function admitAfterLoss(node: WorkerNode, request: Request, loss: Loss): Promise<Verdict | undefined> {
  const { message } = request;
  // An executor that dies while the worker stops says nothing about its task.
  if (node.stopping.aborted) return { kind: 'returned' };
  if (!loss.started) return undefined;
  node.metrics.executorEnded('crash');
  const crashes = await node.ledger.recordCrash(runOf(message));
  node.logger.warn({ ...taskFields(request), crashes }, `the executor died: ${loss.detail}`);
  if (crashes >= MAX_RUNS) return failedWith(lostTooOften(message, crashes, loss.detail));
  return refuseToStart(node, message);
}

/** One run in an executor. */
async function dispatch(node: WorkerNode, request: Request): Promise<Ending> {
  const { message } = request;
  let startedReport: Promise<void> | undefined;
  const reportLater = () => {
    startedReport = reportStarted(node, request);
  };
  let timer: NodeJS.Timeout | undefined;
  const timeLimit = message.timeLimit ?? node.tasks.get(message.taskName)?.timeLimit ?? node.limits.timeLimit;

  request.waitingSince = Date.now();
  request.startedAt = null;
  const ending = await node.executors.dispatch(jobOf(node, message), {
    timeLimit,
    onStarted(pid) {
      request.startedAt = Date.now();
      request.pid = pid;
      timer = setTimeout(reportLater, REPORT_STARTED_AFTER_MS);
      node.metrics.taskEvent('started', message.taskName, request.delivery.routingKey);
    },
  });
  clearTimeout(timer);
  // STARTED must be stored before the final state, or it would be the last word.
  await startedReport;
  return ending;
}

/** The only place where a delivery is acknowledged, requeued or rejected. */
function settle(node: WorkerNode, delivery: Delivery, settlement: Settlement): void {
  const live = settlement === 'ack' ? delivery.ack() : delivery.nack({ requeue: settlement === 'requeue' });
  node.metrics.acknowledged(delivery.routingKey, live ? settlement : 'stale');
}

function jobOf(node: WorkerNode, message: TaskMessage): Job {
  const task = node.tasks.get(message.taskName);
  return {
    taskId: message.taskId,
    taskName: message.taskName,
    body: message.body,
    rootId: message.rootId,
    parentId: message.parentId,
    retries: message.retries,
    softTimeLimit: message.softTimeLimit ?? task?.softTimeLimit ?? node.limits.softTimeLimit,
    hostname: node.hostname,
  };
}

function countReceived(node: WorkerNode, request: Request): void {
  const { delivery } = request;
  const name = knownName(node, request);
  node.metrics.taskEvent('received', name, delivery.routingKey);
  const total = (node.received.get(name)?.total ?? 0) + 1;
  node.received.set(name, { total, last: delivery.receivedAt });
  if (delivery.redelivered) node.metrics.redelivered(name, delivery.routingKey);
}

function runOf({ taskId, retries, replacedNesting }: TaskMessage) {
  return { taskId, retries, replacedNesting };
}

/** Resolves with true at `time`, with false when the signal is aborted before. */
async function waitUntil(time: Date, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const rest = time.getTime() - Date.now();
    if (rest <= 0) return true;
    await sleep(Math.min(rest, LONGEST_TIMER_MS), undefined, { signal }).catch(() => undefined);
  }
  return false;
}

function hasCanvas({ embed }: TaskMessage): boolean {
  const { callbacks, errbacks, chain, chord } = embed;
  return Boolean(callbacks?.length || errbacks?.length || chain?.length || chord);
}

function unknownTask(node: WorkerNode, { taskName }: TaskMessage): NotRegistered {
  return new NotRegistered(
    `task '${taskName}' is not registered at ${node.hostname}: start the worker with the module that defines it, or send the task to another queue`,
  );
}

function canvasNotSupported({ taskName }: TaskMessage): OperationNotSupported {
  return new OperationNotSupported(
    `task '${taskName}' carries a canvas (link, chain or chord), which this worker does not run yet: send its tasks one by one, or to a Python worker's queue`,
  );
}

function overTimeLimit({ taskName }: TaskMessage, seconds: number): TimeLimitExceeded {
  return new TimeLimitExceeded(
    `task '${taskName}' ran longer than its time limit of ${seconds} s and was ended: give it a higher time limit or less to do`,
  );
}

function lostTooOften({ taskName }: TaskMessage, crashes: number, detail: string): WorkerLostError {
  return new WorkerLostError(
    `task '${taskName}' ended its executor ${crashes} times (last: ${detail}) and is not run again: it may need more memory than the executor has, or crash native code`,
  );
}
