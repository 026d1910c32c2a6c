/**
 * Where a client learns how its tasks ended: replies on its own queue, at once, and the stored results,
 * for tasks of other processes and for replies that a lost connection took along.
 */
import type { Reply } from '../contract/transport.ts';
import { OperationalError, OperationNotSupported, ProtocolError, ResultTimeout } from '../errors.ts';
import type { ResultMeta } from '../protocol/result.ts';
import { isReady } from '../protocol/states.ts';
import { follow } from './follow.ts';
import {
  noSuchValue,
  type ResultReader,
  type ResultSources,
  resultOf,
  unreadable,
} from './result-sources.ts';
import { startTimer } from './timer.ts';
import { expired, hasExpired, isDone, isSame, type TrackedTask, track } from './tracked-task.ts';

/** What ends a wait besides the result. */
export interface WaitLimits {
  /** Ends the wait when it rejects: the task is not on its way. */
  readonly sent: Promise<void>;
  /** Milliseconds. Default: no limit. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Replies come by message: looking into the store is for the ones that were lost. */
const WITH_REPLIES = { first: 5_000, longest: 5_000 };
/** A task may be at a worker that tells nobody; and one that ends while the request is on its way is seen soon. */
const WITH_NEWS = { first: 250, longest: 5_000 };
const WITHOUT_NEWS = { first: 20, longest: 1_000 };
const RESOLVE_AGAIN_MS = 1_000;
/** Results of own tasks are kept for those who ask by id; a handle has its own. */
const KEPT_RESULTS = 10_000;
/** A task that starts in its last moment is reported as STARTED within half a second. */
const EXPIRY_GRACE_MS = 2_000;
const TIMER_SLACK_MS = 5;

/** Follows tasks until they are ready: the one place that waits for results. */
export class Results {
  readonly #reader: ResultReader | null;
  readonly #closing: AbortSignal;
  readonly #sources: ResultSources;
  /** Own tasks that are not ready: a reply may still come. Those whose results are ignored only while somebody waits. */
  readonly #pending = new Map<string, TrackedTask>();
  /** Own tasks that are ready, oldest first. */
  readonly #kept = new Map<string, TrackedTask>();
  /** Tasks of other processes that somebody waits for. */
  readonly #watched = new Map<string, Set<TrackedTask>>();
  /** What ends the waits that there are. */
  readonly #waits = new Set<(reason: unknown) => void>();

  /**
   * @param reader null when no result backend can be read: only this client's own tasks are known then.
   * @param closing when it is aborted, every wait ends with its reason.
   */
  constructor(reader: ResultReader | null, closing: AbortSignal, sources: ResultSources = {}) {
    this.#reader = reader;
    this.#closing = closing;
    this.#sources = sources;
    closing.addEventListener('abort', () => {
      for (const fail of this.#waits) fail(closing.reason);
    });
  }

  /** Whether the end of a task comes by message. */
  hearsOf(task: TrackedTask): boolean {
    return task.own && this.#sources.replies !== false;
  }

  /** Announces a task of this client, so that its replies are kept for it. Call before it is sent. */
  expect(taskId: string): TrackedTask {
    this.#kept.delete(taskId);
    const task = this.#pending.get(taskId) ?? track(taskId, true);
    task.expiry?.stopTimer();
    task.expiry = null;
    this.#remember(task);
    return task;
  }

  /** Takes back one {@link Results.expect}: the task could not be sent, or nobody will tell of its end. */
  forget(task: TrackedTask): void {
    task.reasons -= 1;
    if (task.reasons === 0 && this.#pending.get(task.id) === task) this.#pending.delete(task.id);
  }

  /** A task by its id, of this client or of any other process. */
  find(taskId: string): TrackedTask {
    return this.#pending.get(taskId) ?? this.#kept.get(taskId) ?? track(taskId, false);
  }

  receive(reply: Reply): void {
    const result = resultOf(reply, this.#sources);
    const task = this.#pending.get(result.taskId);
    const tasks = [...(this.#watched.get(result.taskId) ?? []), ...(task ? [task] : [])];
    if (tasks.length === 0) return;
    if (result.large === undefined) this.#updateAll(tasks, result);
    else this.#resolve(tasks, result);
  }

  /** Takes in what was read of a task elsewhere. */
  learn(task: TrackedTask, result: ResultMeta): void {
    this.#update(task, result);
  }

  /**
   * Lets a task that was sent end as REVOKED when it has not started by then. The broker drops an expired
   * message without a word, so no worker ever reports it.
   */
  expire(task: TrackedTask, at: Date): void {
    if (isDone(task)) return;
    const deadline = at.getTime() + EXPIRY_GRACE_MS;
    // A look into the store that fails is made up for by the polling of whoever waits.
    const look = () => void this.#look(task).catch(() => undefined);
    // A timer may fire before the clock says so, and nobody would look again where nothing is stored.
    const ms = Math.max(0, deadline - Date.now()) + TIMER_SLACK_MS;
    task.expiry = { at: deadline, stopTimer: startTimer(ms, look) };
  }

  /** The newest known result or intermediate state; null for PENDING. */
  async latest(task: TrackedTask): Promise<ResultMeta | null> {
    if (!isDone(task)) await this.#look(task);
    return task.latest;
  }

  /**
   * Resolves when the task is ready.
   *
   * @throws ResultTimeout, OperationNotSupported, what `sent` rejects with, and the reasons of the signals.
   */
  async ready(task: TrackedTask, { sent, timeout, signal }: WaitLimits): Promise<ResultMeta> {
    if (isDone(task)) return task.latest;
    this.#closing.throwIfAborted();
    signal?.throwIfAborted();
    if (!task.own && !this.#reader) throw resultsNotStored(task.id);
    const ends: (() => void)[] = [];
    if (task.own) {
      // Failures may be told of although results are ignored: who waits then hears of them.
      this.#remember(task);
      ends.push(() => this.forget(task));
    }
    try {
      return await new Promise<ResultMeta>((resolve, reject) => {
        const onUpdate = (result: ResultMeta): void => {
          if (isReady(result.state)) resolve(result);
        };
        ends.push(add(task.listeners, onUpdate), add(this.#waits, reject), this.#follow(task, reject));
        if (signal) ends.push(onAbort(signal, reject));
        if (timeout !== undefined)
          ends.push(startTimer(timeout, () => reject(notReadyWithin(timeout, task.id))));
        sent.catch(reject);
      });
    } finally {
      for (const end of ends) end();
    }
  }

  /** Removes what is stored of a task; its handles keep what they know. @throws OperationNotSupported */
  async discard(task: TrackedTask): Promise<void> {
    if (!this.#reader?.forget) throw resultsNotStored(task.id);
    await this.#reader.forget(task.id);
    this.#kept.delete(task.id);
  }

  #remember(task: TrackedTask): void {
    task.reasons += 1;
    if (!this.#pending.has(task.id)) this.#pending.set(task.id, task);
  }

  /** What it finds reaches the listeners, until it is stopped. */
  #follow(task: TrackedTask, fail: (error: unknown) => void): () => void {
    if (!this.#reader) return () => undefined;
    const watch = this.#watchOf(task);
    const unanswered = watch ? WITH_NEWS : WITHOUT_NEWS;
    return follow({
      look: () =>
        this.#look(task).catch((error) => {
          // The reply to an own task still comes when the store is away for a while.
          if (!task.own || error instanceof ProtocolError) fail(error);
        }),
      watch,
      ...(this.hearsOf(task) && !watch ? WITH_REPLIES : unanswered),
    });
  }

  /** How news of a task are asked for; null where they come without, or cannot be had. */
  #watchOf(task: TrackedTask): (() => Promise<() => void>) | null {
    const { watch } = this.#reader ?? {};
    const { ask } = this.#sources;
    if (watch) return () => watch(task.id, (result) => this.#update(task, result));
    if (task.own || !ask) return null;
    return async () => {
      const watching = this.#watched.get(task.id) ?? new Set();
      this.#watched.set(task.id, watching.add(task));
      await ask(task.id).catch(() => undefined);
      return () => {
        watching.delete(task);
        if (watching.size === 0) this.#watched.delete(task.id);
      };
    };
  }

  async #look(task: TrackedTask): Promise<void> {
    this.#closing.throwIfAborted();
    const before = task.latest;
    const stored = await this.#reader?.fetch(task.id);
    // What was heard of meanwhile is newer than an intermediate state that was read.
    if (stored && (isReady(stored.state) || task.latest === before)) this.#update(task, stored);
    if (hasExpired(task)) this.#update(task, expired(task.id));
  }

  /** Reads a large value until it is there, or is found to be lost: a failure then. */
  #resolve(tasks: readonly TrackedTask[], result: ResultMeta): void {
    const { resolve = noSuchValue } = this.#sources;
    resolve(result).then(
      (whole) => this.#updateAll(tasks, whole),
      (error) => {
        if (!(error instanceof OperationalError)) return this.#updateAll(tasks, unreadable(result, error));
        if (!this.#closing.aborted) startTimer(RESOLVE_AGAIN_MS, () => this.#resolve(tasks, result));
      },
    );
  }

  #updateAll(tasks: readonly TrackedTask[], result: ResultMeta): void {
    for (const task of tasks) this.#update(task, result);
  }

  #update(task: TrackedTask, result: ResultMeta): void {
    if (isDone(task) || isSame(task.latest, result)) return;
    task.latest = result;
    if (isReady(result.state)) {
      task.expiry?.stopTimer();
      if (this.#pending.get(task.id) === task) this.#keep(task);
    }
    for (const listener of [...task.listeners]) listener(result);
  }

  #keep(task: TrackedTask): void {
    this.#pending.delete(task.id);
    this.#kept.set(task.id, task);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_RESULTS) break;
      this.#kept.delete(oldest);
    }
  }
}

function add<Item>(set: Set<Item>, item: Item): () => void {
  set.add(item);
  return () => set.delete(item);
}

function onAbort(signal: AbortSignal, act: (reason: unknown) => void): () => void {
  const listener = () => act(signal.reason);
  signal.addEventListener('abort', listener);
  return () => signal.removeEventListener('abort', listener);
}

export function resultsNotStored(taskId: string): OperationNotSupported {
  return new OperationNotSupported(
    `the result of task ${taskId} went to the client that sent it: results are not stored with OMEGA_RESULT_BACKEND=rpc://, leave it empty to store them as well`,
  );
}

function notReadyWithin(timeout: number, taskId: string): ResultTimeout {
  return new ResultTimeout(
    `task ${taskId} was not ready within ${timeout} ms: it goes on; ask again, or revoke it`,
  );
}
