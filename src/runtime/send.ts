/** Sending one task: its message, its reply queue, its handle. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Publication, Transport } from '../contract/transport.ts';
import { Unroutable } from '../errors.ts';
import { encodeTask } from '../protocol/task-message.ts';
import type { Results } from './results.ts';
import { type HandleContext, TaskHandle } from './task-handle.ts';
import type { TrackedTask } from './tracked-task.ts';

/** How a task is sent. */
export interface SendOptions {
  /** Default: the first of the settings' queues. */
  readonly queue?: string;
  /** Id of the task. Default: a new UUID. */
  readonly taskId?: string;
  /**
   * Seconds after which the task is not started any more: its handle rejects as revoked two seconds
   * later. Default: never.
   */
  readonly expires?: number;
  /**
   * Hard time limit in seconds. Default: that of the task's definition, else the worker's; for models,
   * notebooks and ping the soft one + 30.
   */
  readonly timeLimit?: number;
  /**
   * Soft time limit in seconds. Default: that of the task's definition, else the worker's; for models,
   * notebooks and ping the setting `taskTimeout`.
   */
  readonly softTimeLimit?: number;
  /** 0 to 9, higher first; only for queues declared with `x-max-priority`. Default 0. */
  readonly priority?: number;
}

interface TaskInput {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** Time limits in seconds for a task that is sent without; what is left out is left to the worker. */
interface DefaultLimits {
  readonly timeLimit?: number | undefined;
  readonly softTimeLimit?: number | undefined;
}

/** Sends a task by name; its input may still be on the way (data that are stored first). */
export type Send = <Result>(
  taskName: string,
  input: TaskInput | Promise<TaskInput>,
  options?: SendOptions | undefined,
  defaults?: DefaultLimits,
) => TaskHandle<Result>;

export interface SendContext extends HandleContext {
  readonly transport: Transport;
  readonly results: Results;
  /** Opens the reply queue. */
  listen(): Promise<void>;
  /** Where tasks go that are sent without a queue. */
  readonly queue: string;
}

interface Call {
  readonly task: TrackedTask;
  readonly taskName: string;
  readonly options: SendOptions;
  readonly defaults: DefaultLimits;
}

export function createSend(context: SendContext): Send {
  const { transport, results, listen } = context;
  const declared = new Map<string, Promise<void>>();

  async function deliver({ task, taskName, options, defaults }: Call, { args, kwargs }: TaskInput) {
    const queue = options.queue ?? context.queue;
    const expires = options.expires === undefined ? null : new Date(Date.now() + options.expires * 1000);
    const publication = encodeTask({
      taskId: task.id,
      taskName,
      args,
      kwargs,
      queue,
      replyTo: transport.oid,
      origin: `gen${process.pid}@${hostname()}`,
      softTimeLimit: options.softTimeLimit ?? defaults.softTimeLimit ?? null,
      timeLimit: options.timeLimit ?? defaults.timeLimit ?? null,
      expires,
      priority: options.priority ?? 0,
    });
    await listen();
    await publish(queue, publication);
    if (expires) results.expire(task, expires);
  }

  /** Celery declares a queue before it publishes, once per connection: a task for an unserved queue waits there. */
  async function publish(queue: string, publication: Publication): Promise<void> {
    await declare(queue);
    try {
      await transport.publish(publication);
    } catch (error) {
      if (!(error instanceof Unroutable)) throw error;
      // The queue was deleted since.
      declared.delete(queue);
      await declare(queue);
      await transport.publish(publication);
    }
  }

  function declare(queue: string): Promise<void> {
    const known = declared.get(queue);
    if (known) return known;
    const declaration = transport.declareQueue(queue);
    declared.set(queue, declaration);
    declaration.catch(() => declared.delete(queue));
    return declaration;
  }

  return (taskName, input, options = {}, defaults = {}) => {
    const task = results.expect(options.taskId ?? randomUUID());
    const call = { task, taskName, options, defaults };
    const sent = Promise.resolve(input).then((ready) => deliver(call, ready));
    sent.catch(() => results.forget(task));
    return new TaskHandle(task, sent, context);
  };
}
