/** Sending one task by name: its message, and its handle at once. */
import { randomUUID } from 'node:crypto';
import { type CallOptions, wireOptions } from '../contract/call-options.ts';
import { signature } from '../contract/task-signature.ts';
import type { Applications } from './apply.ts';
import type { Results } from './results.ts';
import type { Sender } from './sender.ts';
import { type HandleContext, TaskHandle } from './task-handle.ts';
import type { TrackedTask } from './tracked-task.ts';

/** How a task is sent. */
export type SendOptions = CallOptions;

interface TaskInput {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/**
 * Sends a task by name; its input may still be on the way (data that are stored first).
 *
 * @throws InvalidOptions
 */
export type Send = <Result>(
  taskName: string,
  input: TaskInput | Promise<TaskInput>,
  options?: SendOptions | undefined,
) => TaskHandle<Result>;

interface SendContext {
  readonly applications: Applications;
  readonly results: Results;
  readonly sender: Sender;
  readonly handles: HandleContext;
}

export function createSend({ applications, results, sender, handles }: SendContext): Send {
  async function deliver(
    task: TrackedTask,
    taskName: string,
    input: TaskInput | Promise<TaskInput>,
    options: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const plan = async () => {
      const { args, kwargs } = await input;
      return applications.plan(signature(taskName, args, kwargs), options);
    };
    const applied = await plan().catch((error) => {
      results.forget(task);
      throw error;
    });
    await applications.publish(applied, [task]).sent;
  }

  return (taskName, input, options = {}) => {
    const task = results.expect(options.taskId ?? randomUUID());
    const wire = wireOptions({ ...options, taskId: task.id });
    const sent = sender.busyWith(deliver(task, taskName, input, wire));
    return new TaskHandle(task, sent, handles);
  };
}
