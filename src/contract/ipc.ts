/**
 * What supervisor and executor say to each other. Messages are sent in batches (one array per IPC
 * write): a write costs 20 to 33 µs of supervisor CPU alone and under 4 µs as one of sixteen.
 */
import type { ErrorCopy } from './error-copy.ts';
import type { Job, JsonText, Outcome, TaskId } from './job.ts';
import type { Measures } from './measures.ts';

/** What an executor can do, sent once at boot: the supervisor never imports a task. */
export interface Manifest {
  readonly tasks: readonly TaskManifest[];
}

/** What the supervisor must know of a task: its options, every one given. Times in seconds. */
export interface TaskManifest {
  readonly name: string;
  readonly softTimeLimit: number | null;
  readonly timeLimit: number | null;
  /** False: acknowledged before it runs, so that it runs at most once. */
  readonly acksLate: boolean;
  /** Whether a task that failed or ran past its time limit is acknowledged; else rejected, or requeued after a time limit. */
  readonly acksOnFailureOrTimeout: boolean;
  /** Celery's form, `10/s`, `100/m`, `5/h`; null for no limit. */
  readonly rateLimit: string | null;
  readonly ignoreResult: boolean;
  /** Whether its failures are stored and sent although its results are ignored. */
  readonly storeErrorsEvenIfIgnored: boolean;
  /** Null: as the worker's setting says. */
  readonly trackStarted: boolean | null;
  /** Whether events are sent of it. */
  readonly sendEvents: boolean;
}

/** What an executor is told on its command line, as JSON. */
export interface ExecutorArguments {
  /** Absolute paths of the modules whose tasks it runs beside the built-in ones. */
  readonly modules: readonly string[];
  /** Cores of the node: the most threads that an executor will ever start. */
  readonly cores: number;
  /** Jobs after which it is spent: it takes no further ones; null for no limit. */
  readonly maxTasks: number | null;
  /** KiB of resident memory after which it is spent when its job has ended; null for no limit. */
  readonly maxMemory: number | null;
  /** KiB of memory that it may take; null for no limit. */
  readonly memoryLimit: number | null;
}

export type ToExecutor =
  | { readonly type: 'run'; readonly job: Job }
  /** Give back the jobs that have not started: answered by one `returned`. */
  | { readonly type: 'recall' }
  /** The answer to one `send`: the id of the task whose result is that of the whole, or why nothing was sent. */
  | { readonly type: 'sent'; readonly call: number; readonly taskId: string }
  | { readonly type: 'unsent'; readonly call: number; readonly error: ErrorCopy }
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
  | {
      readonly type: 'finished';
      readonly taskId: TaskId;
      readonly outcome: Outcome;
      readonly measures: Measures;
    }
  /** A state of its own, with what belongs to it. */
  | { readonly type: 'progress'; readonly taskId: TaskId; readonly state: string; readonly meta: JsonText }
  /** A running task sends a signature (as JSON text): the sent tasks become its children. */
  | { readonly type: 'send'; readonly taskId: TaskId; readonly call: number; readonly signature: JsonText }
  /** It has run its last job and waits to be closed; `reason` says why. */
  | { readonly type: 'spent'; readonly reason: string }
  | { readonly type: 'returned'; readonly taskIds: readonly TaskId[] }
  /** A child process group of this executor (a kernel): killed by the supervisor if the executor dies first. */
  | { readonly type: 'child'; readonly pid: number; readonly alive: boolean };
