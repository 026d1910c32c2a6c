/** Says at the worker's pod what it would cost to end it: of a pool that shrinks, Kubernetes ends the cheapest first. */
import { Backoff } from '../broker/backoff.ts';
import type { LogPort } from '../contract/logger.ts';

/** https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost: an int32 as text. */
const ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';
const COST_OF_A_TASK = 100;
/** Milliseconds between two looks at the worker. */
const LOOK_EVERY_MS = 100;
/** Milliseconds between two writes: of short tasks only some are seen, which spares the API server. */
const WRITE_EVERY_MS = 1_000;
/** Pauses after writes that failed. */
const PAUSES = { baseMs: 1_000, capMs: 60_000, stableMs: 0 };

export interface DeletionCostOptions {
  /** Tasks that the worker has now. */
  readonly tasks: () => number;
  /** Sets annotations of the pod. */
  readonly annotate: (annotations: Readonly<Record<string, string>>) => Promise<void>;
  readonly logger: LogPort;
}

/** Begins, and answers with what ends it. No task ever waits for it. */
export function sayDeletionCost({ tasks, annotate, logger }: DeletionCostOptions): () => void {
  const backoff = new Backoff(PAUSES);
  /** Null at first: a container that was started again finds what the one before it has said. */
  let said: number | null = null;
  let isWriting = false;
  let isFailing = false;
  let stopped = false;
  let nextWrite = 0;
  let nextAttempt = 0;
  const timer = setInterval(look, LOOK_EVERY_MS).unref();

  function look(): void {
    const cost = COST_OF_A_TASK * tasks();
    if (isWriting || cost === said) return;
    // An idle pod is the first to be ended: that it works again is said at once.
    const earliest = said === 0 ? nextAttempt : Math.max(nextAttempt, nextWrite);
    if (Date.now() >= earliest) void say(cost);
  }

  async function say(cost: number): Promise<void> {
    isWriting = true;
    nextWrite = Date.now() + WRITE_EVERY_MS;
    try {
      await annotate({ [ANNOTATION]: String(cost) });
      said = cost;
      succeeded();
    } catch (error) {
      if (!stopped) failed(error);
    } finally {
      isWriting = false;
    }
  }

  function succeeded(): void {
    backoff.opened();
    if (isFailing) logger.info({}, 'Kubernetes is told again how busy this worker is');
    isFailing = false;
  }

  /** Logged once: until it works, Kubernetes ends the youngest, as it does by itself. */
  function failed(err: unknown): void {
    nextAttempt = Date.now() + backoff.next();
    if (!isFailing)
      logger.warn({ err }, 'Kubernetes is not told how busy this worker is, and may end it first');
    isFailing = true;
  }

  return () => {
    stopped = true;
    clearInterval(timer);
  };
}
