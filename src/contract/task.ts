/** Custom tasks: a name, a schema for the input, and a function. */
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** What a running task knows of itself. */
export interface TaskContext {
  readonly taskId: string;
  readonly taskName: string;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly retries: number;
  /** Nodename of the worker. */
  readonly hostname: string;
  /** Aborted at the soft time limit, with `SoftTimeLimitExceeded` as its reason. */
  readonly signal: AbortSignal;
}

export interface TaskOptions {
  /** Seconds until `signal` is aborted and the task fails with SoftTimeLimitExceeded. Default: the worker's. */
  readonly softTimeLimit?: number;
  /** Seconds until the executor is killed and the task fails with TimeLimitExceeded. Default: the worker's. */
  readonly timeLimit?: number;
  /**
   * Run on the executor's main thread instead of a thread of its own: for short tasks that await I/O.
   * A task that computes must leave it off. Default false.
   */
  readonly inline?: boolean;
}

/** A task as {@link task} makes it: hand it to the worker to run, to the runtime to submit. */
export interface TaskDefinition<Input, Args, Result> extends TaskOptions {
  readonly name: string;
  readonly input: StandardSchemaV1<Args, Input>;
  readonly run: (input: Input, context: TaskContext) => Result | Promise<Result>;
}

/** Any task, whatever its input: what a module of tasks exports. */
export interface AnyTask extends TaskOptions {
  readonly name: string;
  readonly input: StandardSchemaV1;
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
export function task<Input, Args, Result>(
  definition: TaskDefinition<Input, Args, Result>,
): TaskDefinition<Input, Args, Result> {
  return definition;
}
