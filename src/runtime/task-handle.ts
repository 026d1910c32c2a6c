/** A submitted task, as its client holds it (Celery's AsyncResult). */
import type { ResultTuple } from '../protocol/canvas.ts';
import { type ResultMeta, unwrapResult } from '../protocol/result.ts';
import { readResultTuples } from '../protocol/result-tuple.ts';
import { isReady, PENDING } from '../protocol/states.ts';
import type { GroupHandle } from './group-handle.ts';
import type { Results } from './results.ts';
import type { StoredResults } from './stored-results.ts';
import type { TrackedTask } from './tracked-task.ts';
import { followUpdates } from './updates.ts';

export interface GetOptions {
  /** Milliseconds to wait at most. Default: no limit. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export interface RevokeOptions {
  /** Also end it when it runs already: its executor is killed. Default false. */
  readonly terminate?: boolean;
}

/** What a handle needs of the runtime that made it. */
export interface HandleContext {
  readonly results: Results;
  /** Null when no backend stores results. */
  readonly stored: StoredResults | null;
  revoke(taskId: string | readonly string[], terminate: boolean): Promise<void>;
  /** The handle of a task or group that has been sent. */
  handleOf(result: ResultTuple): AnyHandle;
}

/** The handle of something that was sent: a group has members. */
export type AnyHandle = TaskHandle<unknown> | GroupHandle<unknown[]>;

/**
 * Returned at once by every submission; awaiting it gives the task's result. The promise-like side means
 * that an `async` function which returns a handle resolves to the task's result instead: return its `id`
 * where the handle itself is wanted.
 */
export class TaskHandle<Result> implements PromiseLike<Result> {
  readonly id: string;
  /** Resolves when the broker has confirmed the message, rejects when it could not be sent. */
  readonly sent: Promise<void>;
  readonly #task: TrackedTask;
  readonly #context: HandleContext;
  readonly #parent: ResultTuple | null;

  constructor(
    task: TrackedTask,
    sent: Promise<void>,
    context: HandleContext,
    parent: ResultTuple | null = null,
  ) {
    this.id = task.id;
    this.#task = task;
    this.sent = sent;
    this.#context = context;
    this.#parent = parent;
    // Whoever awaits the handle or `sent` sees the error; one who does neither must not crash the process.
    sent.catch(() => undefined);
  }

  /**
   * The task's result.
   *
   * A task sent with `expires` that nothing is heard of two seconds after it expired counts as expired:
   * REVOKED, with TaskFailed of `excType` TaskRevokedError. One that has started is waited for.
   *
   * @throws TaskFailed when the task failed, was revoked or had expired (see its `excType`),
   *   ResultTimeout after `timeout`, what `sent` rejects with, and OperationalError when the client is closed.
   */
  async get({ timeout, signal }: GetOptions = {}): Promise<Result> {
    const result = await this.#context.results.ready(this.#task, { sent: this.sent, timeout, signal });
    return unwrapResult(result) as Result;
  }

  // biome-ignore lint/suspicious/noThenProperty: a handle is awaitable on purpose.
  then<Fulfilled = Result, Rejected = never>(
    onFulfilled?: ((result: Result) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.get().then(onFulfilled, onRejected);
  }

  /** PENDING (also for an unknown id), STARTED, RETRY, SUCCESS, FAILURE, REVOKED. */
  async state(): Promise<string> {
    const latest = await this.#context.results.latest(this.#task);
    return latest?.state ?? PENDING;
  }

  /** What ran before the task in its chain, a chord's header before its body; null for a task by itself. */
  get parent(): AnyHandle | null {
    return this.#parent && this.#context.handleOf(this.#parent);
  }

  /** What the task has sent so far: callbacks, the next task of its chain, what it submitted itself. */
  async children(): Promise<AnyHandle[]> {
    const latest = await this.#context.results.latest(this.#task);
    return readResultTuples(latest?.children).map((child) => this.#context.handleOf(child));
  }

  /** The traceback of a task that failed or is to be tried again, null where there is none. */
  async traceback(): Promise<string | null> {
    const latest = await this.#context.results.latest(this.#task);
    return latest?.traceback ?? null;
  }

  /** Whether the task has ended. */
  async ready(): Promise<boolean> {
    return isReady(await this.state());
  }

  /** What is known of the task now: its state, its result or what belongs to the state; null for PENDING. */
  meta(): Promise<ResultMeta | null> {
    return this.#context.results.latest(this.#task);
  }

  /** The state of the task and every further one, with what belongs to it; ends with the final one. @throws as `get` */
  updates({ timeout, signal }: GetOptions = {}): AsyncGenerator<ResultMeta, void, undefined> {
    return followUpdates(this.#context.results, this.#task, { sent: this.sent, timeout, signal });
  }

  /** Removes the stored result (Celery's `forget`). @throws OperationNotSupported where results are not stored. */
  forget(): Promise<void> {
    return this.#context.results.discard(this.#task);
  }

  /** Tells all workers not to run it, or with `terminate` to end it. */
  async revoke({ terminate = false }: RevokeOptions = {}): Promise<void> {
    await this.#context.revoke(this.id, terminate);
  }
}
