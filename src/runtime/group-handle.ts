/** A submitted group, as its client holds it (Celery's GroupResult). */
import { OperationNotSupported, type TaskFailed } from '../errors.ts';
import type { ResultTuple } from '../protocol/canvas.ts';
import { unwrapResult } from '../protocol/result.ts';
import { SUCCESS } from '../protocol/states.ts';
import type { GroupCounts, GroupProgress } from './group-progress.ts';
import type { AnyHandle, GetOptions, HandleContext, RevokeOptions } from './task-handle.ts';

/** A task of a group that has ended: with its result, or with why there is none. */
export type GroupResult<Value> =
  | { readonly index: number; readonly value: Value; readonly error: null }
  | { readonly index: number; readonly value: undefined; readonly error: TaskFailed };

export interface GroupMembers {
  /** The results of its members; groups among them have members of their own. */
  readonly results: readonly ResultTuple[];
  readonly progress: GroupProgress;
}

/** What a group handle is made of. */
export interface GroupParts {
  readonly id: string;
  readonly parent: ResultTuple | null;
  readonly sent: Promise<void>;
  /** Its members; those of a saved group are read when they are asked for. */
  members(): Promise<GroupMembers>;
}

/**
 * Returned at once by every submission of a group. Awaiting it gives all results in order; a loop with
 * `for await` gives them as they come. An `async` function that returns a handle resolves to the results instead.
 */
export class GroupHandle<Results extends readonly unknown[] = unknown[]>
  implements PromiseLike<Results>, AsyncIterable<GroupResult<Results[number]>>
{
  readonly id: string;
  /**
   * Resolves when the broker has confirmed every message.
   * Rejects with PartlySent, which says what was sent, when some were not.
   */
  readonly sent: Promise<void>;
  readonly #parts: GroupParts;
  readonly #context: HandleContext;

  constructor(parts: GroupParts, context: HandleContext) {
    this.id = parts.id;
    this.sent = parts.sent;
    this.#parts = parts;
    this.#context = context;
    // Whoever awaits the handle or `sent` sees the error; one who does neither must not crash the process.
    parts.sent.catch(() => undefined);
  }

  /** Ids of the tasks whose results are the group's, in order. */
  async ids(): Promise<readonly string[]> {
    return taskIdsOf((await this.#parts.members()).results);
  }

  /** What ran before the group in its chain. */
  get parent(): AnyHandle | null {
    return this.#parts.parent && this.#context.handleOf(this.#parts.parent);
  }

  /** The handles of its members, in order. */
  async children(): Promise<AnyHandle[]> {
    const { results } = await this.#parts.members();
    return results.map((member) => this.#context.handleOf(member));
  }

  /**
   * All results in order.
   *
   * @throws TaskFailed as soon as one task has failed, ResultTimeout after `timeout`, what `sent` rejects with,
   *   GroupNotFound for a group that was not saved, and OperationalError when the client is closed.
   */
  async get({ timeout, signal }: GetOptions = {}): Promise<Results> {
    const { sent } = this.#parts;
    const { results, progress } = await this.#parts.members();
    const deadline = timeout === undefined ? undefined : Date.now() + timeout;
    for (let position = 0; position < progress.counts.total; position += 1) {
      const left = deadline === undefined ? undefined : Math.max(0, deadline - Date.now());
      await progress.more(position, { sent, timeout: left, signal });
      const ended = progress.ended(position);
      if (ended && ended.result.state !== SUCCESS) unwrapResult(ended.result);
    }
    return valuesOf(results, progress) as unknown as Results;
  }

  // biome-ignore lint/suspicious/noThenProperty: a handle is awaitable on purpose.
  then<Fulfilled = Results, Rejected = never>(
    onFulfilled?: ((results: Results) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.get().then(onFulfilled, onRejected);
  }

  /** The tasks in the order in which they end; one that fails does not end the loop. */
  async *[Symbol.asyncIterator](): AsyncIterator<GroupResult<Results[number]>> {
    const { sent } = this.#parts;
    const { progress } = await this.#parts.members();
    for (let position = 0; position < progress.counts.total; position += 1) {
      await progress.more(position, { sent });
      const ended = progress.ended(position);
      if (ended) yield groupResultOf(ended.index, ended.result);
    }
  }

  /**
   * How many tasks have ended, without asking each: the replies are counted as they come. For a group of another
   * process, what is not known to have ended is looked up.
   */
  async progress(): Promise<GroupCounts> {
    const { progress } = await this.#parts.members();
    return await progress.refreshed();
  }

  /** Whether all tasks have ended. */
  async ready(): Promise<boolean> {
    const { done, total } = await this.progress();
    return done === total;
  }

  /** Whether a task has failed or was revoked. */
  async failed(): Promise<boolean> {
    return (await this.progress()).failed > 0;
  }

  /** Tells all workers not to run its tasks, or with `terminate` to end them. */
  async revoke({ terminate = false }: RevokeOptions = {}): Promise<void> {
    await this.#context.revoke(await this.ids(), terminate);
  }

  /**
   * Notes its members in the result backend, so that any process finds it by its id: `runtime.groupResult(id)`,
   * or Celery's `GroupResult.restore(id)`.
   *
   * @throws OperationNotSupported when no backend stores results.
   */
  async save(): Promise<void> {
    const { stored } = this.#context;
    if (!stored) throw groupsNotStored();
    await stored.saveGroup(this.id, await this.ids());
  }
}

/** Ids of the tasks in results: of groups, those of their members. */
export function taskIdsOf(results: readonly ResultTuple[]): string[] {
  return results.flatMap(([[id], children]) => (children === null ? [id] : taskIdsOf(children)));
}

export function groupsNotStored(): OperationNotSupported {
  return new OperationNotSupported(
    'groups are not stored with OMEGA_RESULT_BACKEND=rpc://: leave it empty, or give the URL of a store',
  );
}

/** The values in the shape of the group: a group in it gives a list. */
function valuesOf(members: readonly ResultTuple[], progress: GroupProgress): unknown[] {
  let index = 0;
  const take = ([, children]: ResultTuple): unknown => {
    if (children !== null) return children.map(take);
    const result = progress.resultOf(index);
    index += 1;
    return result && unwrapResult(result);
  };
  return members.map(take);
}

function groupResultOf<Value>(index: number, result: Parameters<typeof unwrapResult>[0]): GroupResult<Value> {
  try {
    return { index, value: unwrapResult(result) as Value, error: null };
  } catch (error) {
    return { index, value: undefined, error: error as TaskFailed };
  }
}
