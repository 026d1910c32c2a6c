/** Whether a task may run here and now: asked when it arrives, and again before each further run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NotRegistered, OperationNotSupported, ProtocolError, WorkerLostError } from '../errors.ts';
import type { Run } from '../ledger/ledger.ts';
import { isReady } from '../protocol/states.ts';
import { COPY_HEADER, type TaskMessage } from '../protocol/task-message.ts';
import type { Request, WorkerNode } from './node.ts';
import { type Conclusion, failedWith } from './report.ts';

/** What became of a request; `returned`: it does not run here and goes back to its queue. */
export type Verdict = Conclusion | { readonly kind: 'returned' };

/** Runs of a task whose executor dies each time, before it is given up. */
export const MAX_RUNS = 5;
/** How often a task that waits for its ETA looks whether it still has to wait here. */
const LOOK_EVERY_MS = 1_000;

/** A verdict when the task may not run, undefined when it may. */
export async function admit(node: WorkerNode, request: Request): Promise<Verdict | undefined> {
  const { message } = request;
  if (!node.tasks.has(message.taskName)) return failedWith(unknownTask(node, message));
  if (hasCanvas(message)) return failedWith(canvasNotSupported(message));
  return (
    (isCopy(request) ? await refuseAgain(node, message) : undefined) ?? (await admitInTime(node, request))
  );
}

/** Whether this task may have been delivered before. */
export function isCopy({ message, delivery }: Request): boolean {
  return delivery.redelivered || message.headers[COPY_HEADER] !== undefined;
}

/** Also asked after each wait: the task may have been revoked, or its delivery lost, meanwhile. */
export function refuseToStart(node: WorkerNode, { message, delivery }: Request): Verdict | undefined {
  const { taskId, expires } = message;
  if (node.stopping.aborted || delivery.lost) return { kind: 'returned' };
  if (node.revoked.has(taskId)) return { kind: 'revoked', reason: 'revoked' };
  if (expires && expires.getTime() < Date.now()) return { kind: 'revoked', reason: 'expired' };
  return undefined;
}

export function lostTooOften({ taskName }: TaskMessage, crashes: number, detail: string): WorkerLostError {
  return new WorkerLostError(
    `task '${taskName}' ended its executor ${crashes} times (last: ${detail}) and is not run again: it may need more memory than the executor has, or crash native code`,
  );
}

/** The ledger's key of a run. */
export function runOf({ taskId, retries, replacedNesting }: TaskMessage): Run {
  return { taskId, retries, replacedNesting };
}

/** A task that comes again may have ended already, or have ended its executor too often. */
async function refuseAgain(node: WorkerNode, message: TaskMessage): Promise<Verdict | undefined> {
  const ended = await findEnded(node, message);
  if (ended) return ended;
  const { crashes, done } = await node.ledger.read(runOf(message));
  if (done) return { kind: 'duplicate', result: null };
  if (crashes >= MAX_RUNS) return failedWith(lostTooOften(message, crashes, 'in earlier runs'));
  return undefined;
}

async function findEnded(node: WorkerNode, { taskId }: TaskMessage): Promise<Verdict | undefined> {
  try {
    const result = await node.backend.fetchResult(taskId);
    return result && isReady(result.state) ? { kind: 'duplicate', result } : undefined;
  } catch (error) {
    // It has ended at a Python worker that stores its results by another serializer.
    if (error instanceof ProtocolError) return { kind: 'duplicate', result: null };
    throw error;
  }
}

async function admitInTime(node: WorkerNode, request: Request): Promise<Verdict | undefined> {
  const eta = request.message.eta?.getTime() ?? 0;
  for (let rest = eta - Date.now(); rest > 0; rest = eta - Date.now()) {
    const refusal = refuseToStart(node, request);
    if (refusal) return refusal;
    const pause = Math.min(rest, LOOK_EVERY_MS);
    await sleep(pause, undefined, { signal: node.stopping }).catch(() => undefined);
  }
  return refuseToStart(node, request);
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
