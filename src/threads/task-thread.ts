/** The thread in which an executor runs user-defined tasks, one at a time. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Job, Outcome } from '../contract/job.ts';
import type { TaskLine } from '../contract/task-line.ts';
import { serveTask } from './task-channel.ts';
import { threadFailure } from './thread-failure.ts';

const IDLE_TIMEOUT_MS = 60_000;

/** What the thread is sent. */
export interface TaskThreadCall {
  /** Absolute path of the module that exports the task. */
  readonly modulePath: string;
  readonly job: Job;
  /** Takes FromTask, gives ToTask. */
  readonly port: MessagePort;
}

export interface TaskThread {
  /**
   * Runs a task of a module, whose context speaks over the line. When the signal is aborted (with an error) the
   * task's own signal is aborted too; nothing is ended by force.
   *
   * @throws OutOfMemory, ThreadExited when the thread died; what the task throws is an outcome.
   */
  run(modulePath: string, job: Job, signal: AbortSignal, line: TaskLine): Promise<Outcome>;
  close(): Promise<void>;
}

export function createTaskThread(): TaskThread {
  const pool = new Piscina<TaskThreadCall, Outcome>({
    filename: import.meta.resolve('#workers/task'),
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_TIMEOUT_MS,
    atomics: 'async',
    recordTiming: false,
  });

  return {
    async run(modulePath, job, signal, line) {
      const { port1, port2 } = new MessageChannel();
      const stop = serveTask(port1, signal, line);
      try {
        return await pool.run({ modulePath, job, port: port2 }, { transferList: [port2] });
      } catch (error) {
        throw threadFailure(error, `task '${job.taskName}'`);
      } finally {
        stop();
      }
    },
    close: () => pool.destroy(),
  };
}
