/** A task's run in an executor, and what comes of it. */
import type { Job } from '../contract/job.ts';
import type { Measures, Phase } from '../contract/measures.ts';
import { OperationalError, OutOfMemory, TimeLimitExceeded, WorkerLostError } from '../errors.ts';
import type { Ending } from '../executors/ending.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { traceExecution } from '../tracing.ts';
import { lostTooOften, MAX_RUNS, refuseToStart, type Verdict } from './admission.ts';
import { eventsOf } from './announce.ts';
import { resultLimit } from './capacity.ts';
import { sendFromTask } from './continuation.ts';
import { coordinationTasks } from './coordination.ts';
import { type LongRun, watchOver } from './long-run.ts';
import type { Request, WorkerNode } from './node.ts';
import { type Conclusion, failedWith, taskFields } from './report.ts';
import { reportRun } from './run-reports.ts';
import { acksEarly, acksFailures, settleRun } from './settlement.ts';
import { waitOf } from './waiting-time.ts';

type Loss = Extract<Ending, { kind: 'lost' }>;
type MemoryExcess = Extract<Ending, { kind: 'memory-limit' }>;

/** Runs a task that was admitted, in an executor or, if it only coordinates others, here. */
export async function run(node: WorkerNode, request: Request): Promise<Verdict> {
  const coordinate = coordinationTasks.get(request.message.taskName);
  return coordinate ? await coordinate(node, request) : await execute(node, request);
}

/** Runs the task, again when its executor dies, until there is a verdict. */
async function execute(node: WorkerNode, request: Request): Promise<Verdict> {
  const longRun = watchOver(node, request);
  try {
    for (;;) {
      const verdict = judge(node, request, await dispatch(node, request, longRun));
      if (verdict.kind !== 'lost') return verdict;
      request.suspect ||= verdict.started;
      const refusal = await admitAfterLoss(node, request, verdict);
      if (refusal) return refusal;
    }
  } finally {
    await longRun.end();
  }
}

/**
 * What an ending in an executor means for the task; a loss is left to be looked into.
 *
 * @throws OperationalError when it could not be done for want of a service, and its message may come again.
 */
function judge(node: WorkerNode, request: Request, ending: Ending): Verdict | Loss {
  const { message } = request;
  switch (ending.kind) {
    case 'terminated':
      node.metrics.executorEnded('terminated');
      return { kind: 'revoked', reason: 'terminated' };
    case 'time-limit':
      node.metrics.executorEnded('time-limit');
      node.metrics.timedOut(message.taskName, 'hard');
      return overTimeLimit(node, request, ending.seconds);
    case 'memory-limit':
      node.metrics.executorEnded('memory');
      return failedWith(overMemoryLimit(message, ending));
    case 'unavailable':
      return withoutService(node, request, ending.reason);
    case 'returned':
      return node.revoked.has(message) ? { kind: 'revoked', reason: 'revoked' } : ending;
    default:
      return ending;
  }
}

/** Whether a task whose executor died may run again here: counted only if the task had started in it. */
async function admitAfterLoss(node: WorkerNode, request: Request, loss: Loss): Promise<Verdict | undefined> {
  const { message } = request;
  if (runsOnce(request) && loss.started) return failedWith(lostOnlyRun(message, loss.detail));
  // An executor that dies while the worker stops, or before the task began, says nothing about the task.
  if (node.stopping.aborted || !loss.started) return { kind: 'returned' };
  node.metrics.executorEnded('crash');
  const crashes = await node.ledger.recordCrash(message);
  node.logger.warn({ ...taskFields(request), crashes }, `the executor died: ${loss.detail}`);
  if (crashes >= MAX_RUNS) return lostTooOften(message, crashes, loss.detail);
  return refuseToStart(node, request);
}

/** One run in an executor. */
async function dispatch(node: WorkerNode, request: Request, longRun: LongRun): Promise<Ending> {
  const { message } = request;
  const reports = reportRun(node, request);
  const execution = traceExecution(message);
  const timeLimit =
    message.timeLimit ?? node.tasks.get(message.taskName)?.timeLimit ?? node.settings.timeLimit ?? null;

  request.waitingSince = Date.now();
  request.startedAt = null;
  const ending = await node.executors.dispatch(jobOf(node, message), {
    timeLimit,
    suspect: request.suspect,
    onStarted(pid) {
      start(node, request, pid);
      execution.begin(pid);
      longRun.started();
      reports.started();
    },
    onMeasured: (measures) => countRun(node, measures),
    onProgress: reports.progress,
    onSend: (signature) => execution.within(() => sendFromTask(node, request, signature)),
  });
  execution.end();
  await reports.end();
  return ending;
}

/** The executor begins with the task. */
function start(node: WorkerNode, request: Request, pid: number): void {
  request.startedAt = Date.now();
  request.pid = pid;
  if (acksEarly(node, request)) void settleRun(node, request, 'ack', true);
  countStart(node, request);
  eventsOf(node, request)?.started(request);
}

function countStart({ metrics }: WorkerNode, request: Request): void {
  const { message, delivery } = request;
  metrics.taskEvent('started', message.taskName, delivery.alias);
  const wait = waitOf(request);
  if (wait !== null) metrics.taskWaited(wait, delivery.alias);
}

function countRun({ metrics }: WorkerNode, measures: Measures): void {
  for (const [phase, seconds] of Object.entries(measures.seconds)) metrics.phase(phase as Phase, seconds);
  metrics.storesUsed(measures);
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
    resultLimit: resultLimit(node.executors.slots),
    hostname: node.hostname,
  };
}

/** Whether no message of it will come again: this run is its only one. */
function runsOnce({ delivery, handedOver }: Request): boolean {
  return delivery.settled && !handedOver;
}

/** A task whose message does not come again fails: its client would wait for ever. */
function withoutService({ outage }: WorkerNode, request: Request, reason: string): Conclusion {
  const error = new OperationalError(reason);
  if (!runsOnce(request)) throw error;
  outage.report(reason);
  return failedWith(error);
}

/** A failure; for a task that is not acknowledged then, back to its queue (`acks_on_failure_or_timeout`). */
function overTimeLimit(node: WorkerNode, request: Request, seconds: number): Conclusion {
  const { message } = request;
  const error = new TimeLimitExceeded(
    `task '${message.taskName}' ran longer than its time limit of ${seconds} s and was ended: give it a higher time limit or less to do`,
  );
  if (runsOnce(request) || acksFailures(node, request)) return failedWith(error);
  return { kind: 'rejected', requeue: true, error: { ...toErrorRecord(error), traceback: null } };
}

function overMemoryLimit({ taskName }: TaskMessage, { bytes, limit }: MemoryExcess): OutOfMemory {
  const used = Math.round(bytes / 1024);
  return new OutOfMemory(
    `task '${taskName}' took ${used} KiB of memory, more than the ${limit} KiB that an executor may take, and was ended: give it less to do at once, raise OMEGA_WORKER_MEMORY_LIMIT, or give the worker more memory or fewer slots`,
  );
}

function lostOnlyRun({ taskName }: TaskMessage, detail: string): WorkerLostError {
  return new WorkerLostError(
    `task '${taskName}' ended its executor (${detail}) and is not run again, since it is acknowledged before it runs: set acksLate to have it run again`,
  );
}
