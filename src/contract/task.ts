/** Custom tasks: a name, a schema for the input, and a function. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { CallOptions } from './call-options.ts';
import type { AnySignature } from './signature.ts';

/** What a running task knows of itself. */
export interface RunningTask {
  readonly taskId: string;
  readonly taskName: string;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly groupId: string | null;
  readonly groupIndex: number | null;
  /** How often it has run before. */
  readonly retries: number;
  readonly stamps: Readonly<Record<string, unknown>>;
  /** Nodename of the worker. */
  readonly hostname: string;
  /** Aborted at the soft time limit, with `SoftTimeLimitExceeded` as its reason. */
  readonly signal: AbortSignal;
}

/** A running task, and what it may ask for. */
export interface TaskContext extends RunningTask {
  /**
   * Reports how far the task is: its state becomes `state` (default `PROGRESS`), with `meta` as what belongs
   * to it. Reports that come faster than ten a second replace each other; the last one is always sent.
   */
  progress(meta: unknown, state?: string): void;
  /**
   * Ends this run and starts the task again later, under the same id.
   *
   * @throws Retry, always, to be let through; what `error` is, or MaxRetriesExceededError, when there have been
   *   `maxRetries` retries already.
   */
  retry(options?: RetryOptions): never;
  /** Ends this run: another signature takes the task's place and gives its result. @throws Replace, always. */
  replace(signature: AnySignature): never;
  /** Ends this run without a result. @throws Ignore, always. */
  ignore(): never;
  /** Gives the message back to its queue, or rejects it: the task then fails. @throws Reject, always. */
  reject(reason?: string, options?: { readonly requeue?: boolean }): never;
  /**
   * Sends a signature while the task runs; it becomes a child of this task. Resolves when the broker has
   * confirmed, with the id of the task whose result is that of the whole signature.
   *
   * @throws Unroutable, EncodeError, OperationalError
   */
  send(signature: AnySignature): Promise<string>;
}

export interface RetryOptions {
  /** Seconds until the next run. Default: the task's `retryDelay`. */
  readonly countdown?: number;
  /** Retries until it is given up; null for no limit. Default: the task's `maxRetries`. */
  readonly maxRetries?: number | null;
  /** Why: shown in the state RETRY, and the task's failure when it is given up. */
  readonly error?: unknown;
  /** Input of the next run. Default: that of this one. */
  readonly input?: unknown;
}

/** How the retries of a task are spread that fails with an error of its `autoRetryFor`. */
export interface Backoff {
  /** Seconds before the first retry, doubled with each further one. Default 1. */
  readonly first?: number;
  /** Most seconds between two runs. Default 600. */
  readonly most?: number;
  /** Wait a random part of that time instead, so that many do not come at once. Default true. */
  readonly jitter?: boolean;
}

/** Errors: those of a class, by `instanceof`, or of a name, by the error's `name`. */
export type ErrorMatch = string | (abstract new (...args: never[]) => Error);

/** Options of a task, by Celery's names in camel case. */
export interface TaskOptions
  extends Pick<CallOptions, 'priority' | 'expires' | 'serializer' | 'compression'> {
  /** Seconds until `signal` is aborted and the task fails with SoftTimeLimitExceeded. Default: the worker's. */
  readonly softTimeLimit?: number;
  /** Seconds until the executor is killed and the task fails with TimeLimitExceeded. Default: the worker's. */
  readonly timeLimit?: number;
  /** Acknowledge after the task has ended, so that no crash loses it; false: at most once. Default true. */
  readonly acksLate?: boolean;
  /** Acknowledge a task that failed or timed out too; false: reject it, requeue it after a time limit. Default true. */
  readonly acksOnFailureOrTimeout?: boolean;
  /** Most runs of this task on one worker: `10/s`, `100/m`, `5/h`. Default: no limit. */
  readonly rateLimit?: string;
  /** Store and send no result. Default false. */
  readonly ignoreResult?: boolean;
  /** Report STARTED at once; false: never. Default: for tasks that run longer than half a second. */
  readonly trackStarted?: boolean;
  /** Store and send its failure although it ignores its results. Default false. */
  readonly storeErrorsEvenIfIgnored?: boolean;
  /** Whether the worker sends events of this task. Default true. */
  readonly sendEvents?: boolean;
  /** Errors that are no surprise: logged as information, without a traceback. Default: none. */
  readonly throws?: readonly ErrorMatch[];
  /** Retries until the task is given up; null for no limit. Default 3. */
  readonly maxRetries?: number | null;
  /** Seconds until the next run when `retry` is called without a countdown. Default 180. */
  readonly retryDelay?: number;
  /** Errors that lead to a retry by themselves. Default: none. */
  readonly autoRetryFor?: readonly ErrorMatch[];
  /** Errors that are never retried, although `autoRetryFor` has them. */
  readonly dontAutoRetryFor?: readonly ErrorMatch[];
  /** Waiting times of automatic retries. Default: `retryDelay` each time. */
  readonly retryBackoff?: Backoff | true;
  /**
   * Run on the executor's main thread instead of a thread of its own: for short tasks that await I/O.
   * A task that computes must leave it off. Default false.
   */
  readonly inline?: boolean;
}

/**
 * Functions that are called around each run of a task, in its executor, once its input fits the schema (celery/app/task.py).
 * The outcome stands when the later ones are called: what they throw is logged and changes nothing. They are part of
 * the run: its time limits hold for them too, and none is called for a run that is ended by force.
 */
export interface TaskHooks<Input, Result> {
  /** Before `run`; the run fails with what it throws. */
  beforeStart?(input: Input, running: RunningTask): unknown;
  onSuccess?(result: Result, input: Input, running: RunningTask): unknown;
  onFailure?(error: unknown, input: Input, running: RunningTask): unknown;
  /** It runs again later; `error` is why, undefined where the task gave no reason. */
  onRetry?(error: unknown, input: Input, running: RunningTask): unknown;
  /** After any of these three. `value` is the result, or the error. */
  afterReturn?(state: EndState, value: unknown, input: Input, running: RunningTask): unknown;
}

/** How a run ended, by Celery's names. */
export type EndState = 'SUCCESS' | 'FAILURE' | 'RETRY';

/**
 * A task as {@link task} makes it: hand it to the worker to run, to the runtime to submit.
 *
 * @typeParam Input - what `run` is given, as the schema makes it.
 * @typeParam Args - what a client gives, as the schema takes it.
 * @typeParam Names - names of the positional arguments.
 */
export interface TaskDefinition<Input, Args, Result, Names = readonly (keyof Args & string)[]>
  extends TaskOptions,
    TaskHooks<Input, Result> {
  readonly name: string;
  readonly input: StandardSchemaV1<Args, Input>;
  /**
   * Names of the input's fields in the order of positional arguments, so that a Python client can call
   * `add.delay(1, 2)` and a chain can pass a result on as the first one. Default: none; the only positional
   * argument is the whole input then.
   */
  readonly args?: Names;
  readonly run: (input: Input, context: TaskContext) => Result | Promise<Result>;
}

/** Any task, whatever its input: what a module of tasks exports. */
export interface AnyTask extends TaskOptions, TaskHooks<never, never> {
  readonly name: string;
  readonly input: StandardSchemaV1;
  readonly args?: readonly string[];
  readonly run: (input: never, context: TaskContext) => unknown;
}

/**
 * Defines a task. Input and result types are inferred, and the schema (zod, valibot, arktype: any
 * Standard Schema) checks what a client sent before `run` is called. A Python client passes the input as
 * keyword arguments, or as the only positional argument.
 *
 * @example
 * export const add = task({
 *   name: 'shop.add',
 *   input: z.object({ x: z.number(), y: z.number() }),
 *   run: ({ x, y }) => x + y,
 * });
 */
export function task<Input, Args, Result, const Names extends readonly (keyof Args & string)[] = readonly []>(
  definition: TaskDefinition<Input, Args, Result, Names>,
): TaskDefinition<Input, Args, Result, Names> {
  return definition;
}
