/** Sending one task: its message, its reply queue, its handle. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Publication, Transport } from '../contract/transport.ts';
import { Unroutable } from '../errors.ts';
import { encodeTask } from '../protocol/task-message.ts';
import type { Results } from './results.ts';
import { type HandleContext, TaskHandle } from './task-handle.ts';

/** How a task is sent. */
export interface SendOptions {
  /** Default: the first of the settings' queues. */
  readonly queue?: string;
  /** Id of the task. Default: a new UUID. */
  readonly taskId?: string;
  /** Seconds after which the task is not started any more. Default: never. */
  readonly expires?: number;
  /** Hard time limit in seconds. Default: the soft one + 30. */
  readonly timeLimit?: number;
  /** Soft time limit in seconds. Default: the setting `taskTimeout`. */
  readonly softTimeLimit?: number;
  /** 0 to 9, higher first; only for queues declared with `x-max-priority`. Default 0. */
  readonly priority?: number;
}

interface TaskInput {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** Sends a task by name; its input may still be on the way (data that are stored first). */
export type Send = <Result>(
  taskName: string,
  input: TaskInput | Promise<TaskInput>,
  options?: SendOptions | undefined,
) => TaskHandle<Result>;

export interface SendContext extends HandleContext {
  readonly transport: Transport;
  readonly results: Results;
  readonly queue: string;
  /** Seconds: the default soft time limit. */
  readonly taskTimeout: number;
}

const HARD_LIMIT_GRACE = 30;

export function createSend(context: SendContext): Send {
  const { transport, results } = context;
  const declared = new Map<string, Promise<void>>();
  let listening: Promise<void> | undefined;

  async function deliver(taskId: string, taskName: string, input: TaskInput, options: SendOptions) {
    const softTimeLimit = options.softTimeLimit ?? context.taskTimeout;
    const queue = options.queue ?? context.queue;
    const publication = encodeTask({
      taskId,
      taskName,
      args: input.args,
      kwargs: input.kwargs,
      queue,
      replyTo: transport.oid,
      origin: `gen${process.pid}@${hostname()}`,
      softTimeLimit,
      timeLimit: options.timeLimit ?? softTimeLimit + HARD_LIMIT_GRACE,
      expires: options.expires === undefined ? null : new Date(Date.now() + options.expires * 1000),
      priority: options.priority ?? 0,
    });
    listening ??= transport.onReply((reply) => results.receive(reply));
    await listening;
    await publish(queue, publication);
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

  return (taskName, input, options = {}) => {
    const taskId = options.taskId ?? randomUUID();
    results.expect(taskId);
    const sent = Promise.resolve(input).then((ready) => deliver(taskId, taskName, ready, options));
    sent.catch(() => results.forget(taskId));
    return new TaskHandle(taskId, sent, context);
  };
}
