/** Whether a task may run here and now: asked when it arrives, and again before each further run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NotRegistered, type OmegaError, ProtocolError, WorkerLostError } from '../errors.ts';
import { type CopyReason, copyReason } from '../protocol/copy.ts';
import { cameThroughDelay, isDelayable, SHORTEST_DELAY_MS } from '../protocol/delay.ts';
import { limitedQueueOf } from '../protocol/delivery-limit.ts';
import { MAX_RESULT_BYTES } from '../protocol/result.ts';
import { isReady } from '../protocol/states.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { eventsOf } from './announce.ts';
import { canPark, holdRun } from './long-run.ts';
import type { Request, WorkerNode } from './node.ts';
import { type Conclusion, taskFields } from './report.ts';

/** What became of a request. */
export type Verdict =
  | Conclusion
  /** It can never run: it fails, and a copy of its message goes to the dead queue. */
  | { readonly kind: 'dead'; readonly error: OmegaError }
  /** It runs elsewhere, as far as is known: a copy is put aside, to come again. */
  | { readonly kind: 'parked' }
  /** It does not run here and goes back to its queue. */
  | { readonly kind: 'returned' }
  /** It does not run yet: it goes through the delay queues, to be there again at that time. */
  | { readonly kind: 'delayed'; readonly until: Date; readonly reason: CopyReason };

/** Runs of a task whose executor dies each time, before it is given up. */
export const MAX_RUNS = 5;
/** Workers that vanish while they run a task, before it is given up: many, since there may be other reasons. */
const MAX_LOSSES = 20;
/** Delays are in whole seconds, and clocks of one cluster a little apart. */
const MOST_SKEW_SECONDS = 5;
/** How often a task that waits here looks whether it still has to. */
const LOOK_EVERY_MS = 1_000;

/** A verdict when the task may not run, undefined when it may. */
export async function admit(node: WorkerNode, request: Request): Promise<Verdict | undefined> {
  const { message } = request;
  if (!node.tasks.has(message.taskName)) return { kind: 'dead', error: unknownTask(node, message) };
  return (
    (isCopy(request) && !isBroadcast(request) ? await refuseAgain(node, request) : undefined) ??
    refuseToStart(node, request) ??
    refuseLimited(request) ??
    (await admitInTurn(node, request))
  );
}

/** Whether this task may have been delivered before. */
export function isCopy({ message, delivery }: Request): boolean {
  return delivery.redelivered || copyReason(message) !== null || limitedQueueOf(delivery.headers) !== null;
}

/** What the broker has delivered too often, whoever let go of it. */
function refuseLimited({ message, delivery }: Request): Verdict | undefined {
  const queue = limitedQueueOf(delivery.headers);
  if (queue === null) return undefined;
  const error = new WorkerLostError(
    `task '${message.taskName}' was delivered more often than queue '${queue}' allows (delivery-limit), and never acknowledged: see why its workers were lost, or raise the limit`,
  );
  return { kind: 'dead', error };
}

/** Whether other workers run the same task, with the same id, so that its end says nothing about this one's run. */
function isBroadcast({ delivery }: Request): boolean {
  return delivery.alias !== delivery.queue;
}

/** Whether it was here, or at another worker, before, and was sent away until now. */
export function hasWaited({ message }: Request): boolean {
  const reason = copyReason(message);
  return reason !== null && reason !== 'again';
}

/** Also asked after each wait: the task may have been revoked, or its delivery lost, meanwhile. */
export function refuseToStart(node: WorkerNode, { message, delivery }: Request): Verdict | undefined {
  const { expires } = message;
  if (node.stopping.aborted || delivery.lost) return { kind: 'returned' };
  if (node.revoked.has(message)) return { kind: 'revoked', reason: 'revoked' };
  if (expires && expires.getTime() <= Date.now()) return { kind: 'revoked', reason: 'expired' };
  return undefined;
}

/** Poison: it ends whatever executor runs it. */
export function lostTooOften({ taskName }: TaskMessage, crashes: number, detail: string): Verdict {
  const error = new WorkerLostError(
    `task '${taskName}' ended its executor ${crashes} times (last: ${detail}) and is not run again: it may need more memory than the executor has, or crash native code`,
  );
  return { kind: 'dead', error };
}

function workersLost({ taskName }: TaskMessage, losses: number): Verdict {
  const error = new WorkerLostError(
    `${losses} workers were lost while they ran task '${taskName}', which is not run again: it may need more memory than their machines have`,
  );
  return { kind: 'dead', error };
}

/** A task that comes again may have ended already, run elsewhere, or have ended its executor too often. */
async function refuseAgain(node: WorkerNode, request: Request): Promise<Verdict | undefined> {
  const { message, delivery } = request;
  const ended = await findEnded(node, message);
  if (ended) return ended;
  const { crashes, losses, done, held } = await holdRun(node, request);
  if (done) return { kind: 'duplicate', result: null };
  if (!held && canPark(delivery)) return { kind: 'parked' };
  request.suspect = crashes > 0;
  if (crashes >= MAX_RUNS) return lostTooOften(message, crashes, 'in earlier runs');
  if (losses >= MAX_LOSSES) return workersLost(message, losses);
  return undefined;
}

async function findEnded(node: WorkerNode, { taskId }: TaskMessage): Promise<Verdict | undefined> {
  try {
    // A large value stays where it is: to send its result again takes its place only.
    const result = (await node.backend.fetchInline([taskId], MAX_RESULT_BYTES)).get(taskId);
    return result && isReady(result.state) ? { kind: 'duplicate', result } : undefined;
  } catch (error) {
    // It has ended at a Python worker that stores its results by another serializer.
    if (error instanceof ProtocolError) return { kind: 'duplicate', result: null };
    throw error;
  }
}

/** It will run, some time or other: at its ETA, and when its rate limit lets it. */
async function admitInTurn(node: WorkerNode, request: Request): Promise<Verdict | undefined> {
  if (!hasWaited(request)) eventsOf(node, request)?.received(request);
  return (
    (await admitInTime(node, request)) ?? (await admitByRate(node, request)) ?? refuseToStart(node, request)
  );
}

/**
 * A task that expires before its ETA waits until then only. One that has been in the delay queues has waited for as long as
 * its sender meant; an ETA that is far off all the same is that of another clock.
 */
async function admitInTime(node: WorkerNode, request: Request): Promise<Verdict | undefined> {
  const { eta, expires } = request.message;
  if (eta === null) return undefined;
  const until = expires && expires < eta ? expires : eta;
  const early = (until.getTime() - Date.now()) / 1000;
  if (early > MOST_SKEW_SECONDS && cameThroughDelay(request.delivery.headers)) {
    node.logger.warn(
      { ...taskFields(request), seconds: early },
      'clocks differ: a task has waited for its ETA',
    );
    return undefined;
  }
  return await waitUntil(node, request, until, 'eta');
}

async function admitByRate(node: WorkerNode, request: Request): Promise<Verdict | undefined> {
  const { taskName } = request.message;
  let cameBack = copyReason(request.message) === 'rate';
  for (;;) {
    const until = await node.rateLimits.turn(taskName, cameBack);
    if (until === null) return undefined;
    const verdict = await waitUntil(node, request, until, 'rate');
    if (verdict) return verdict;
    cameBack = true;
  }
}

/**
 * Waits for less than a second here; longer in the delay queues, where it survives this worker and takes no place
 * of others. A queue's name that is too long for them leaves only to wait here.
 */
async function waitUntil(
  node: WorkerNode,
  request: Request,
  until: Date,
  reason: CopyReason,
): Promise<Verdict | undefined> {
  const isLong = until.getTime() - Date.now() > SHORTEST_DELAY_MS;
  if (isLong && isDelayable(request.delivery.queue)) return { kind: 'delayed', until, reason };
  for (let rest = until.getTime() - Date.now(); rest > 0; rest = until.getTime() - Date.now()) {
    const refusal = refuseToStart(node, request);
    if (refusal) return refusal;
    const pause = Math.min(rest, LOOK_EVERY_MS);
    await sleep(pause, undefined, { signal: node.stopping }).catch(() => undefined);
  }
  return undefined;
}

function unknownTask(node: WorkerNode, { taskName }: TaskMessage): NotRegistered {
  return new NotRegistered(
    `task '${taskName}' is not registered at ${node.hostname}: start the worker with the module that defines it, or send the task to another queue`,
  );
}
