/** Follows the tasks of a group: counts them as they end, in one place for all who ask. */
import { ResultTimeout } from '../errors.ts';
import type { ResultMeta } from '../protocol/result.ts';
import { isReady, SUCCESS } from '../protocol/states.ts';
import { follow } from './follow.ts';
import { type Results, resultsNotStored, type WaitLimits } from './results.ts';
import type { StoredResults } from './stored-results.ts';
import type { TrackedTask } from './tracked-task.ts';
import { waitWithin } from './waiting.ts';

/** How far a group is. */
export interface GroupCounts {
  /** Tasks that have ended, well or not. */
  readonly done: number;
  readonly total: number;
  /** Of those that have ended: those that failed or were revoked. */
  readonly failed: number;
}

/** A task of a group that has ended. */
export interface EndedTask {
  /** Its place in the group. */
  readonly index: number;
  readonly result: ResultMeta;
}

interface GroupContext {
  readonly results: Results;
  /** Null when no backend stores results. */
  readonly stored: StoredResults | null;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
}

/** Replies normally come by message: looking into the store is for the ones that were lost. */
const WITH_REPLIES = { first: 5_000, longest: 5_000 };
const WITHOUT_REPLIES = { first: 20, longest: 1_000 };
/** Tasks in one look. */
const LOOK_TASKS = 1_000;

export class GroupProgress {
  readonly #tasks: readonly TrackedTask[];
  readonly #context: GroupContext;
  /** All were sent by this client. */
  readonly #own: boolean;
  /** It is told of their ends. */
  readonly #hears: boolean;
  readonly #ended: EndedTask[] = [];
  readonly #open = new Set<TrackedTask>();
  #failed = 0;
  readonly #wakers = new Set<() => void>();
  #lookedAt = 0;

  constructor(tasks: readonly TrackedTask[], context: GroupContext) {
    this.#tasks = tasks;
    this.#context = context;
    this.#own = tasks.every(({ own }) => own);
    this.#hears = tasks.every((task) => context.results.hearsOf(task));
    tasks.forEach((task, index) => {
      if (task.latest && isReady(task.latest.state)) this.#note({ index, result: task.latest });
      else this.#follow(task, index);
    });
  }

  get counts(): GroupCounts {
    return { done: this.#ended.length, total: this.#tasks.length, failed: this.#failed };
  }

  /** The result of a task that has ended. */
  resultOf(index: number): ResultMeta | null {
    return this.#tasks[index]?.latest ?? null;
  }

  /** The n-th task that has ended, in that order; null while there is none. */
  ended(position: number): EndedTask | null {
    return this.#ended[position] ?? null;
  }

  /** The counts, after a look into the store where that may know more. */
  async refreshed(): Promise<GroupCounts> {
    const due = this.#hears ? WITH_REPLIES.longest : 0;
    if (this.#open.size > 0 && Date.now() - this.#lookedAt >= due) await this.#look();
    return this.counts;
  }

  /**
   * Resolves when more than `position` tasks have ended.
   *
   * @throws ResultTimeout, OperationNotSupported, what `sent` rejects with, and the reasons of the signals.
   */
  async more(position: number, limits: WaitLimits): Promise<void> {
    if (this.#ended.length > position) return;
    if (!this.#own && !this.#context.stored) throw resultsNotStored(this.#firstOpen());
    const start = (resolve: () => void, reject: (reason: unknown) => void) => {
      const wake = () => {
        if (this.#ended.length > position) resolve();
      };
      this.#wakers.add(wake);
      return [() => this.#wakers.delete(wake), this.#poll(reject)];
    };
    await waitWithin<void>(start, limits, this.#context.closing, (timeout) => this.#overdue(timeout));
  }

  #firstOpen(): string {
    const [first] = this.#open;
    return first?.id ?? '';
  }

  #follow(task: TrackedTask, index: number): void {
    this.#open.add(task);
    const listener = (result: ResultMeta) => {
      if (!isReady(result.state)) return;
      task.listeners.delete(listener);
      this.#open.delete(task);
      this.#note({ index, result });
    };
    task.listeners.add(listener);
  }

  #note(ended: EndedTask): void {
    this.#ended.push(ended);
    if (ended.result.state !== SUCCESS) this.#failed += 1;
    for (const wake of this.#wakers) wake();
  }

  /** Looks into the store at growing intervals until it is stopped. */
  #poll(fail: (error: unknown) => void): () => void {
    if (!this.#context.stored) return () => undefined;
    const look = () =>
      this.#look().catch((error) => {
        // The replies to own tasks still come when the store is away for a while.
        if (!this.#own) fail(error);
      });
    return follow({ look, watch: null, ...(this.#hears ? WITH_REPLIES : WITHOUT_REPLIES) });
  }

  /** What it finds reaches the listeners, here and elsewhere. Every result is read once. */
  async #look(): Promise<void> {
    this.#lookedAt = Date.now();
    const open = [...this.#open];
    for (let start = 0; start < open.length; start += LOOK_TASKS) {
      const part = open.slice(start, start + LOOK_TASKS);
      const found = await this.#context.stored?.fetchResults(part.map(({ id }) => id));
      for (const task of part) {
        const result = found?.get(task.id);
        if (result) this.#context.results.learn(task, result);
      }
    }
  }

  #overdue(timeout: number): ResultTimeout {
    const { done, total } = this.counts;
    return new ResultTimeout(
      `${done} of ${total} tasks of the group were ready within ${timeout} ms: they go on; ask again, or revoke them`,
    );
  }
}
