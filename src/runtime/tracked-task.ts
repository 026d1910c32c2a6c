/** What a client knows of one task. */
import { isDeepStrictEqual } from 'node:util';
import { TaskRevokedError } from '../errors.ts';
import type { ResultMeta } from '../protocol/result.ts';
import { isReady, RETRY, REVOKED } from '../protocol/states.ts';

/** What is known of one task. Made by {@link Results}, held by the task's handles. */
export interface TrackedTask {
  readonly id: string;
  /** Sent by this client: its replies come here. */
  readonly own: boolean;
  /** The newest result or intermediate state; null for PENDING. Final once it is ready. */
  latest: ResultMeta | null;
  /** Told of every state. */
  readonly listeners: Set<(result: ResultMeta) => void>;
  /** Why its replies are waited for: sendings of this id that have not failed, and those who wait. */
  reasons: number;
  /** From when on it counts as expired; the timer looks into it then. */
  expiry: { readonly at: number; readonly stopTimer: () => void } | null;
}

/** A task of which nothing is known yet. */
export function track(id: string, own: boolean): TrackedTask {
  return { id, own, latest: null, listeners: new Set(), reasons: 0, expiry: null };
}

/** Whether it has ended. */
export function isDone(task: TrackedTask): task is TrackedTask & { latest: ResultMeta } {
  return task.latest !== null && isReady(task.latest.state);
}

/** A state other than these two says that a worker has it. */
export function hasExpired({ expiry, latest }: TrackedTask): boolean {
  const waits = latest === null || latest.state === RETRY;
  return waits && expiry !== null && Date.now() >= expiry.at;
}

/** What a worker reports of a task that it finds expired. */
export function expired(taskId: string): ResultMeta {
  const { excType, excModule } = new TaskRevokedError('expired').python;
  return {
    taskId,
    state: REVOKED,
    result: { exc_type: excType, exc_message: ['expired'], exc_module: excModule },
    traceback: null,
    children: [],
    dateDone: new Date(),
  };
}

/** A state that is heard of twice, by a reply and from the store, is one. */
export function isSame(known: ResultMeta | null, result: ResultMeta): boolean {
  return known?.state === result.state && isDeepStrictEqual(known.result, result.result);
}
