/** What a built-in task is, and what it is given. */
import type { RunningTask, TaskContext } from '../contract/task.ts';
import type { Threads } from '../contract/threads.ts';
import type { Models } from '../models/models.ts';
import type { RunNotebookOptions } from '../notebook/run.ts';
import type { Datasets } from '../store/datasets.ts';
import type { Jobs } from '../store/notebooks.ts';

/** The stores of one bucket. */
export interface Stores {
  readonly datasets: Datasets;
  readonly models: Models;
  readonly jobs: Jobs;
  /** The stores of another bucket; null is the default bucket (omega|ml's `__bucket`). */
  bucket(name: string | null): Stores;
}

/** Where a task reports the processes it starts, so that they die with its executor. */
export interface ChildProcesses {
  /** @param pid the process group's leader. */
  started(pid: number): void;
  ended(pid: number): void;
}

/** How this worker runs notebooks: its interpreter, environment and packages. */
export type NotebookSettings = Pick<
  RunNotebookOptions,
  'python' | 'hostEnv' | 'env' | 'packages' | 'nodeModules'
>;

/** What a built-in task is given besides its arguments. */
export interface BuiltinContext extends RunningTask {
  readonly om: Stores;
  readonly threads: Threads;
  readonly children: ChildProcesses;
  /** Default: `python3` of the standard PATH, and no packages. */
  readonly notebooks?: NotebookSettings;
  /** Bytes of a dataset above which a task reads it in blocks, where it can. Default: never. */
  readonly streamAbove?: number;
  /** Reports how far the task is. */
  readonly progress: TaskContext['progress'];
}

/**
 * A task of omega|ml. It runs on the executor's main thread as an orchestrator: whatever computes goes
 * through `context.threads`. Arguments come as the client sent them, system kwargs included.
 */
export interface BuiltinTask {
  readonly name: string;
  readonly run: (
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    context: BuiltinContext,
  ) => Promise<unknown>;
}
