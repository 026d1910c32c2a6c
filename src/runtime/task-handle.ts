/** A submitted task, as its client holds it (Celery's AsyncResult). */
import { ResultTimeout } from '../errors.ts';
import { unwrapResult } from '../protocol/result.ts';
import { isReady, PENDING } from '../protocol/states.ts';
import type { Results } from './results.ts';

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
  revoke(taskId: string, terminate: boolean): Promise<void>;
}

/**
 * Returned at once by every submission; awaiting it gives the task's result. The promise-like side means
 * that an `async` function which returns a handle resolves to the task's result instead: return its `id`
 * where the handle itself is wanted.
 */
export class TaskHandle<Result> implements PromiseLike<Result> {
  readonly id: string;
  /** Resolves when the broker has confirmed the message, rejects when it could not be sent. */
  readonly sent: Promise<void>;
  readonly #context: HandleContext;

  constructor(id: string, sent: Promise<void>, context: HandleContext) {
    this.id = id;
    this.sent = sent;
    this.#context = context;
    // Whoever awaits the handle or `sent` sees the error; one who does neither must not crash the process.
    sent.catch(() => undefined);
  }

  /**
   * The task's result.
   *
   * @throws TaskFailed when the task failed, was revoked or had expired (see its `excType`),
   *   ResultTimeout after `timeout`, and what `sent` rejects with.
   */
  async get({ timeout, signal }: GetOptions = {}): Promise<Result> {
    await this.sent;
    const limits = [signal, timeout === undefined ? undefined : this.#expiry(timeout)];
    const result = await this.#context.results.ready(
      this.id,
      AbortSignal.any(limits.filter((limit) => limit !== undefined)),
    );
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
    const latest = await this.#context.results.latest(this.id);
    return latest?.state ?? PENDING;
  }

  /** Whether the task has ended. */
  async ready(): Promise<boolean> {
    return isReady(await this.state());
  }

  /** Tells all workers not to run it, or with `terminate` to end it. */
  async revoke({ terminate = false }: RevokeOptions = {}): Promise<void> {
    await this.#context.revoke(this.id, terminate);
  }

  #expiry(timeout: number): AbortSignal {
    const controller = new AbortController();
    const error = new ResultTimeout(
      `task ${this.id} was not ready within ${timeout} ms: it goes on; ask again, or revoke it`,
    );
    setTimeout(() => controller.abort(error), timeout).unref();
    return controller.signal;
  }
}
