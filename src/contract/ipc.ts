/**
 * What supervisor and executor say to each other. Messages are sent in batches (one array per IPC
 * write): a write costs 20 to 33 µs of supervisor CPU alone and under 4 µs as one of sixteen.
 */
import type { Job, Outcome, TaskId } from './job.ts';

/** What an executor can do, sent once at boot: the supervisor never imports a task. */
export interface Manifest {
  readonly tasks: readonly TaskManifest[];
}

/** What the supervisor must know of a task. Times in seconds. */
export interface TaskManifest {
  readonly name: string;
  readonly softTimeLimit: number | null;
  readonly timeLimit: number | null;
}

/** What an executor is told on its command line, as JSON. */
export interface ExecutorArguments {
  /** Absolute paths of the modules whose tasks it runs beside the built-in ones. */
  readonly modules: readonly string[];
  /** Cores of the node: the most threads that an executor will ever start. */
  readonly cores: number;
}

export type ToExecutor =
  | { readonly type: 'run'; readonly job: Job }
  /** Give back the jobs that have not started: answered by one `returned`. */
  | { readonly type: 'recall' }
  /** How many cores the tasks of this executor may keep busy from now on. */
  | { readonly type: 'cores'; readonly cores: number }
  /** Finish what runs, then exit with status 0. */
  | { readonly type: 'close' };

export type FromExecutor =
  | { readonly type: 'ready'; readonly manifest: Manifest }
  /** The executor cannot start: a task module failed to load. */
  | { readonly type: 'failed'; readonly message: string }
  /** Reported before a job's first instruction: only a started job is blamed for the executor's death. */
  | { readonly type: 'started'; readonly taskId: TaskId }
  | { readonly type: 'finished'; readonly taskId: TaskId; readonly outcome: Outcome }
  | { readonly type: 'returned'; readonly taskIds: readonly TaskId[] }
  /** A child process group of this executor (a kernel): killed by the supervisor if the executor dies first. */
  | { readonly type: 'child'; readonly pid: number; readonly alive: boolean };
