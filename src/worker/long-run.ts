/**
 * What keeps a long run one run. From its first second on the ledger holds it, so that a copy of its message does not begin
 * elsewhere; and before the broker takes the message back, it is acknowledged, and a copy of it is parked.
 */
import { randomUUID } from 'node:crypto';
import type { Delivery } from '../broker/consumer.ts';
import type { HeldRun } from '../ledger/ledger.ts';
import { isParkable, parkedCopy } from '../protocol/parked.ts';
import type { Request, WorkerNode } from './node.ts';
import { taskFields } from './report.ts';
import { settle } from './settlement.ts';

/** A shorter run writes nothing to the ledger. */
const HOLD_AFTER_MS = 1_000;
/** So long after its worker has died a run is still held. */
const LEASE_SECONDS = 15;
/** A run outlives two renewals that fail. */
const RENEW_AFTER_MS = 5_000;
/** So often a parked copy comes back to see whether its run goes on. */
const PARKED_MS = 5_000;

export interface LongRun {
  /** The task has started in an executor: the first of its starts counts. */
  started(): void;
  /** Resolves when nothing more is done for it. */
  end(): Promise<void>;
}

/** Claims a run for a delivery. @returns whether it is held, and what is known of it. */
export async function holdRun(node: WorkerNode, request: Request): Promise<HeldRun> {
  const holder = request.lease ?? randomUUID();
  const draining = node.stopping.aborted;
  const record = await node.ledger.hold(request.message, { holder, seconds: LEASE_SECONDS, draining });
  request.lease = record.held ? holder : null;
  return record;
}

/** What ends from now on, ends because the worker was told to stop: it speaks against no task. */
export async function drainLeases({ requests, ledger, logger }: WorkerNode): Promise<void> {
  const holders = [...requests.keys()].flatMap(({ lease }) => lease ?? []);
  if (holders.length === 0) return;
  await ledger.drain(holders).catch((err) => {
    logger.warn({ err }, 'if this worker is killed now, that counts as a loss of what it runs');
  });
}

/** Puts a copy of a message aside whose task runs. */
export async function park(node: WorkerNode, delivery: Delivery): Promise<void> {
  await node.parking.publish(parkedCopy(delivery, delivery.queue, PARKED_MS));
  node.metrics.parked(delivery.alias);
}

/** Whether a delivery has a task queue to which a copy can return: not the queue of a broadcast, which is the worker's own. */
export function canPark({ queue, alias }: Delivery): boolean {
  return queue === alias && isParkable(queue);
}

/** Watches over a run until it ends. */
export function watchOver(node: WorkerNode, request: Request): LongRun {
  let timer: NodeJS.Timeout | undefined;
  let working = Promise.resolve();
  let startedAt: number | null = null;
  let isOver = false;

  function next(milliseconds: number): void {
    timer = setTimeout(() => {
      working = look().catch((err) => {
        node.logger.warn({ ...taskFields(request), err }, 'a long run cannot be held: trying again');
        if (!isOver) next(HOLD_AFTER_MS);
      });
    }, milliseconds);
  }

  async function look(): Promise<void> {
    const { held } = await holdRun(node, request);
    if (!held) {
      node.logger.warn(taskFields(request), 'this run has begun elsewhere, too: the first result counts');
      return;
    }
    if (isDue()) await handOver(node, request);
    if (!isOver) next(RENEW_AFTER_MS);
  }

  function isDue(): boolean {
    const { delivery, handedOver } = request;
    if (handedOver || delivery.settled || delivery.lost || startedAt === null || !canPark(delivery))
      return false;
    return Date.now() - startedAt >= node.settings.handoverAfter * 1000;
  }

  if (request.lease !== null) next(RENEW_AFTER_MS);
  return {
    started() {
      startedAt ??= Date.now();
      if (timer === undefined) next(HOLD_AFTER_MS);
    },
    async end() {
      isOver = true;
      clearTimeout(timer);
      await working;
    },
  };
}

/** At every moment the broker has the message: the copy is there before the delivery is acknowledged. */
async function handOver(node: WorkerNode, request: Request): Promise<void> {
  await park(node, request.delivery);
  request.handedOver = true;
  settle(node, request.delivery, 'ack');
  node.logger.info(taskFields(request), 'a long run is acknowledged while it goes on: a copy is parked');
}
