/**
 * A delivery's way through the worker: receive → admit (admission.ts) → run (run.ts) → report (report.ts) →
 * settle (settlement.ts). What a message or a task does never throws out of here: it ends in a verdict.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery } from '../broker/consumer.ts';
import { settlesWithin } from '../broker/deadline.ts';
import { OperationalError, ProtocolError } from '../errors.ts';
import { copyMessage } from '../protocol/copy.ts';
import { decodeTask } from '../protocol/decode-task.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { admit, hasWaited, isCopy, type Verdict } from './admission.ts';
import { announceEnd } from './announce.ts';
import { park } from './long-run.ts';
import type { Request, Settlement, WorkerNode } from './node.ts';
import { bury, isRefusal, type Refusal, refuse } from './refusal.ts';
import { type Conclusion, failedWith, knownName, report, taskFields } from './report.ts';
import { sendRetry } from './retry.ts';
import { run } from './run.ts';
import { settle, settlementOf, settleRun } from './settlement.ts';
import { traceRequest } from './traced-run.ts';

const POSTPONE_MS = 1_000;
/** How often a copy looks whether its run, which is in this worker too, is held in the ledger. */
const LOOK_EVERY_MS = 250;

/** How a request ends: what its delivery gets, and what the task came to; null when it came to nothing here. */
interface End {
  readonly settlement: Settlement;
  readonly conclusion: Conclusion | null;
}

/** Takes a delivery through the worker. Resolves when it is settled; never rejects. */
export async function handleDelivery(node: WorkerNode, delivery: Delivery): Promise<void> {
  const message = decode(node, delivery);
  if (message instanceof Error) {
    settle(node, delivery, await refuseDurably(node, delivery, message));
    return;
  }

  const request: Request = {
    ...{ message, delivery, waitingSince: null, startedAt: null, pid: null },
    ...{ lease: null, handedOver: false, suspect: false },
  };
  countReceived(node, request);
  // After a lost connection the broker delivers again what still runs here: one run serves both.
  if (isCopy(request) && (await endOfTwin(node, message)) === 'ack') {
    settle(node, delivery, 'ack');
    return;
  }
  const settlement = receive(node, request).finally(() => node.requests.delete(request));
  node.requests.set(request, settlement);
  await settlement;
}

async function receive(node: WorkerNode, request: Request): Promise<Settlement> {
  const { settlement, conclusion } = await process(node, request).catch(
    async (error): Promise<End> => ({
      settlement: await postpone(node, taskFields(request), error),
      conclusion: null,
    }),
  );
  // What only waits in the delay queues has not ended.
  await settleRun(node, request, settlement, settlement !== 'requeue' && conclusion !== null);
  if (conclusion) announceEnd(node, request, conclusion);
  return settlement;
}

/**
 * How another delivery of the same run was settled, if there is one in this worker; undefined when it goes on, and the
 * ledger knows that.
 */
async function endOfTwin(node: WorkerNode, copy: TaskMessage): Promise<Settlement | undefined> {
  const [twin, settlement] = findTwin(node, copy) ?? [];
  while (twin && settlement && twin.lease === null) {
    if (await settlesWithin(settlement, LOOK_EVERY_MS)) return await settlement;
  }
  return undefined;
}

function findTwin(node: WorkerNode, copy: TaskMessage): readonly [Request, Promise<Settlement>] | undefined {
  for (const entry of node.requests) {
    const [{ message }] = entry;
    if (message.taskId !== copy.taskId || message.retries !== copy.retries) continue;
    if (message.replacedNesting === copy.replacedNesting) return entry;
  }
  return undefined;
}

async function process(node: WorkerNode, request: Request): Promise<End> {
  const refusal = await admit(node, request);
  if (refusal) return await conclude(node, request, refusal);
  return await traceRequest(request, async () => conclude(node, request, await run(node, request)));
}

async function conclude(node: WorkerNode, request: Request, verdict: Verdict): Promise<End> {
  if (verdict.kind === 'returned') return { settlement: 'requeue', conclusion: null };
  if (verdict.kind === 'parked') {
    await park(node, request.delivery);
    return { settlement: 'ack', conclusion: null };
  }
  if (verdict.kind === 'delayed') {
    const { delivery } = request;
    await node.delays.publish(copyMessage(delivery, delivery.queue, verdict.reason), verdict.until);
    return { settlement: 'ack', conclusion: null };
  }
  const conclusion = await report(node, request, await toConclusion(node, request, verdict));
  return { settlement: settlementOf(node, request, conclusion), conclusion };
}

/** What must be durable before the end of the task is: a retry is published, a copy of what cannot run is kept. */
async function toConclusion(
  node: WorkerNode,
  request: Request,
  verdict: Exclude<Verdict, { kind: 'returned' | 'delayed' | 'parked' }>,
): Promise<Conclusion> {
  if (verdict.kind === 'retry') return await sendRetry(node, request, verdict);
  if (verdict.kind !== 'dead') return verdict;
  await bury(node, request.delivery, verdict.error);
  return failedWith(verdict.error);
}

async function refuseDurably(node: WorkerNode, delivery: Delivery, error: Refusal): Promise<Settlement> {
  return await refuse(node, delivery, error).then(
    (): Settlement => 'reject',
    (failure) => postpone(node, {}, failure),
  );
}

/** What cannot be processed now goes back to its queue, after a pause: not to come back at once, for ever. */
async function postpone(node: WorkerNode, fields: object, err: unknown): Promise<Settlement> {
  if (err instanceof OperationalError) node.outage.report(err.message);
  node.logger.error({ ...fields, err }, 'a delivery goes back to its queue: it cannot be processed now');
  await sleep(POSTPONE_MS, undefined, { signal: node.stopping }).catch(() => undefined);
  return 'requeue';
}

function decode(node: WorkerNode, delivery: Delivery): TaskMessage | Refusal {
  try {
    return decodeTask(delivery, node.settings.acceptContent, node.verify);
  } catch (error) {
    if (isRefusal(error)) return error;
    // A message that nobody thought of must not come back for ever.
    return new ProtocolError('the message cannot be read', { cause: error });
  }
}

function countReceived(node: WorkerNode, request: Request): void {
  const { delivery } = request;
  const name = knownName(node, request);
  const isNew = !hasWaited(request);
  if (isNew) node.metrics.taskEvent('received', name, delivery.alias);
  const total = (node.received.get(name)?.total ?? 0) + Number(isNew);
  node.received.set(name, { total, last: delivery.receivedAt });
  if (delivery.redelivered) node.metrics.redelivered(name, delivery.alias);
}
