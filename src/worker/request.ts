/**
 * A delivery's way through the worker: receive → admit (admission.ts) → execute → report (report.ts) →
 * settle. What a message or a task does never throws out of here: it ends in a verdict.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery } from '../broker/consumer.ts';
import type { Job } from '../contract/job.ts';
import { ContentDisallowed, ProtocolError, TimeLimitExceeded } from '../errors.ts';
import type { Ending } from '../executors/ending.ts';
import { decodeTask } from '../protocol/decode-task.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { admit, isCopy, lostTooOften, MAX_RUNS, refuseToStart, runOf, type Verdict } from './admission.ts';
import { coordinationTasks } from './coordination.ts';
import type { Request, Settlement, WorkerNode } from './node.ts';
import { buryIfUnknown, refuse } from './refusal.ts';
import { failedWith, knownName, report, reportStarted, taskFields } from './report.ts';

type Loss = Extract<Ending, { kind: 'lost' }>;

/** A task that ends sooner is never reported as STARTED: a short task costs no extra write. */
const REPORT_STARTED_AFTER_MS = 500;
const POSTPONE_MS = 1_000;

/** Takes a delivery through the worker. Resolves when it is settled; never rejects. */
export async function handleDelivery(node: WorkerNode, delivery: Delivery): Promise<void> {
  const message = decode(node, delivery);
  if (message instanceof Error) {
    settle(node, delivery, await refuseDurably(node, delivery, message));
    return;
  }

  const request: Request = { message, delivery, waitingSince: null, startedAt: null, pid: null };
  countReceived(node, request);
  // After a lost connection the broker delivers again what still runs here: one run serves both.
  const twin = isCopy(request) ? findTwin(node, message) : undefined;
  if (twin && (await twin) === 'ack') {
    settle(node, delivery, 'ack');
    return;
  }
  const settlement = receive(node, request).finally(() => node.requests.delete(request));
  node.requests.set(request, settlement);
  await settlement;
}

async function receive(node: WorkerNode, request: Request): Promise<Settlement> {
  const { message, delivery } = request;
  const settlement = await process(node, request).catch((error) =>
    postpone(node, taskFields(request), error),
  );
  const reachedBroker = settle(node, delivery, settlement);
  if (settlement === 'ack' && !reachedBroker) await rememberDone(node, message);
  return settlement;
}

/** How another delivery of the same run will be settled, if there is one in this worker. */
function findTwin(node: WorkerNode, { taskId, retries }: TaskMessage): Promise<Settlement> | undefined {
  for (const [{ message }, settlement] of node.requests) {
    if (message.taskId === taskId && message.retries === retries) return settlement;
  }
  return undefined;
}

async function process(node: WorkerNode, request: Request): Promise<Settlement> {
  const verdict = (await admit(node, request)) ?? (await run(node, request));
  if (verdict.kind === 'returned') return 'requeue';
  await report(node, request, verdict);
  await buryIfUnknown(node, request, verdict);
  return 'ack';
}

async function refuseDurably(
  node: WorkerNode,
  delivery: Delivery,
  error: ProtocolError | ContentDisallowed,
): Promise<Settlement> {
  return await refuse(node, delivery, error).then(
    (): Settlement => 'reject',
    (failure) => postpone(node, {}, failure),
  );
}

/** What cannot be processed now goes back to its queue, after a pause: not to come back at once, for ever. */
async function postpone(node: WorkerNode, fields: object, err: unknown): Promise<Settlement> {
  node.logger.error({ ...fields, err }, 'a delivery goes back to its queue: it cannot be processed now');
  await sleep(POSTPONE_MS, undefined, { signal: node.stopping }).catch(() => undefined);
  return 'requeue';
}

/** The broker will deliver a task again whose ack it did not get: whoever receives it must not run it. */
async function rememberDone(node: WorkerNode, message: TaskMessage): Promise<void> {
  await node.ledger.recordDone(runOf(message)).catch((err) => {
    node.logger.warn({ task_id: message.taskId, err }, 'the task may run again: its end cannot be recorded');
  });
}

function decode(node: WorkerNode, delivery: Delivery): TaskMessage | ProtocolError | ContentDisallowed {
  try {
    return decodeTask(delivery, node.settings.acceptContent);
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof ContentDisallowed) return error;
    // A message that nobody thought of must not come back for ever.
    return new ProtocolError('the message cannot be read', { cause: error });
  }
}

async function run(node: WorkerNode, request: Request): Promise<Verdict> {
  const coordinate = coordinationTasks.get(request.message.taskName);
  return coordinate ? await coordinate(node, request) : await execute(node, request);
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
    case 'returned':
      return node.revoked.has(message.taskId) ? { kind: 'revoked', reason: 'revoked' } : ending;
    default:
      return ending;
  }
}

/** Whether a task whose executor died may run again here: counted only if the task had started in it. */
async function admitAfterLoss(node: WorkerNode, request: Request, loss: Loss): Promise<Verdict | undefined> {
  const { message } = request;
  // An executor that dies while the worker stops, or before the task began, says nothing about the task.
  if (node.stopping.aborted || !loss.started) return { kind: 'returned' };
  node.metrics.executorEnded('crash');
  const crashes = await node.ledger.recordCrash(runOf(message));
  node.logger.warn({ ...taskFields(request), crashes }, `the executor died: ${loss.detail}`);
  if (crashes >= MAX_RUNS) return failedWith(lostTooOften(message, crashes, loss.detail));
  return refuseToStart(node, request);
}

/** One run in an executor. */
async function dispatch(node: WorkerNode, request: Request): Promise<Ending> {
  const { message } = request;
  let startedReport: Promise<void> | undefined;
  const reportLater = () => {
    startedReport = reportStarted(node, request);
  };
  let timer: NodeJS.Timeout | undefined;
  const timeLimit =
    message.timeLimit ?? node.tasks.get(message.taskName)?.timeLimit ?? node.settings.timeLimit ?? null;

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

/** The only place where a delivery is acknowledged, requeued or rejected. False: the broker was not reached. */
function settle(node: WorkerNode, delivery: Delivery, settlement: Settlement): boolean {
  const live = settlement === 'ack' ? delivery.ack() : delivery.nack({ requeue: settlement === 'requeue' });
  node.metrics.acknowledged(delivery.routingKey, live ? settlement : 'stale');
  return live;
}

function jobOf(node: WorkerNode, message: TaskMessage): Job {
  const task = node.tasks.get(message.taskName);
  return {
    taskId: message.taskId,
    taskName: message.taskName,
    body: message.body,
    rootId: message.rootId,
    parentId: message.parentId,
    groupId: message.groupId,
    groupIndex: message.groupIndex,
    stamps: message.stamps,
    retries: message.retries,
    softTimeLimit: message.softTimeLimit ?? task?.softTimeLimit ?? node.settings.softTimeLimit ?? null,
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

function overTimeLimit({ taskName }: TaskMessage, seconds: number): TimeLimitExceeded {
  return new TimeLimitExceeded(
    `task '${taskName}' ran longer than its time limit of ${seconds} s and was ended: give it a higher time limit or less to do`,
  );
}
