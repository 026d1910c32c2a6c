/**
 * The executors of a worker node, seen from its supervisor: one forked process per slot, forked on demand,
 * replaced when it dies, closed when it has been idle for long.
 */
import type { Manifest } from '../contract/ipc.ts';
import type { Job, JsonText, TaskId } from '../contract/job.ts';
import type { LogPort } from '../contract/logger.ts';
import type { CachedModels, Measures } from '../contract/measures.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Ending } from './ending.ts';
import type { ExecutorProcess } from './executor-process.ts';
import { type MemoryOptions, watchMemory } from './memory-watch.ts';

export interface ExecutorsOptions {
  /** Most executors at a time, at first. */
  readonly slots: number;
  /** Cores that busy executors share. */
  readonly cores: number;
  /** Absolute paths of the modules with the user's tasks. */
  readonly modules: readonly string[];
  /** The whole environment of the executors; nothing else is passed on: give PATH and HOME for kernels. */
  readonly settings: Readonly<Record<string, string>>;
  /** Seconds until an idle executor is closed; the last one stays. Default 300. */
  readonly idleTimeout?: number;
  /** Jobs after which an executor is replaced by a fresh one; null for no limit, as by default. */
  readonly maxTasks?: number | null;
  /** KiB of resident memory after which it is replaced when its job has ended; null for no limit, as by default. */
  readonly maxMemory?: number | null;
  /** What executors may take, of what. */
  readonly memory: MemoryOptions;
  /** Limit of an executor's JavaScript heap in MiB. */
  readonly maxOldSpaceMb: number;
  /** Called when a job started or ended, and when a slot became free. */
  readonly onChange?: () => void;
  /** Called when an executor has run enough, or grown too large, and is replaced. */
  readonly onSpent?: () => void;
  readonly logger: LogPort;
}

export interface DispatchOptions {
  /** Hard limit in seconds, counted from the job's start; null for none. */
  readonly timeLimit: number | null;
  /**
   * Whether it has ended an executor before: it runs in a new one, and half of the slots are kept from such jobs, so that
   * others go on. Default false.
   */
  readonly suspect?: boolean;
  readonly onStarted?: (pid: number) => void;
  /** What was measured of the job's run, before its end. Nothing is of one whose executor is killed or dies. */
  readonly onMeasured?: (measures: Measures) => void;
  /** The job reports a state of its own. */
  readonly onProgress?: (state: string, meta: JsonText) => void;
  /** The job sends a signature. What it answers, or throws, reaches the job. */
  readonly onSend?: (signature: JsonText) => Promise<string>;
}

interface ActiveJob {
  readonly taskId: TaskId;
  readonly taskName: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly pid: number;
}

interface ExecutorsStats {
  /** Executors that take jobs now. */
  readonly open: number;
  /** Executors that have a job, that have none, and that have not loaded their tasks yet. */
  readonly busy: number;
  readonly idle: number;
  readonly booting: number;
  /** Jobs that wait here or in an executor. */
  readonly waiting: number;
  /** Forked since the start. */
  readonly forked: number;
  /** In all executors together. */
  readonly cachedModels: CachedModels;
}

/** Its functions may be passed on without it. */
export interface Executors {
  /**
   * Forks the first executor and waits until it has loaded its tasks.
   *
   * @throws ImproperlyConfigured when a module of tasks does not load.
   */
  start(): Promise<Manifest>;
  /** @throws ImproperlyConfigured before the start. */
  readonly manifest: Manifest;
  /** Most executors at a time now. */
  readonly slots: number;
  /** Executors that have nothing to do, or could be forked, less the jobs that wait for one. */
  readonly freeSlots: number;
  /** The jobs that run now. */
  readonly active: readonly ActiveJob[];
  readonly pids: readonly number[];
  /** Whether runs of this task are over in a few milliseconds; false for one that never ran here. */
  isShort(taskName: string): boolean;
  /** Runs a job; waits for a slot when none is free. Never rejects. */
  dispatch(job: Job, options: DispatchOptions): Promise<Ending>;
  /** Ends jobs that have not started as `returned`: all, or the given ones. */
  recall(taskIds?: readonly TaskId[]): void;
  /** Ends a job as `terminated`, with SIGKILL to its executor if it runs; false when it is not here. */
  terminate(taskId: TaskId): boolean;
  /**
   * Changes the most executors at a time, at least one. More are forked when they are needed; fewer: idle ones are
   * closed at once, busy ones when their job has ended.
   */
  resize(slots: number): void;
  /** Replaces every executor, when its job has ended, by one that loads the modules of tasks anew. */
  renew(): void;
  /** Warm: recalls what waits, lets running jobs finish, resolves when all executors are gone. */
  close(): Promise<void>;
  /** Kills all executors now. Running jobs end as `lost`, waiting ones as `returned`. */
  kill(): void;
  stats(): ExecutorsStats;
}

export function createExecutors(options: ExecutorsOptions): Executors {
  const dispatcher = new Dispatcher(options);
  const { fleet } = dispatcher;
  const all = () => [...fleet.executors];
  const endWatch = watchMemory(fleet.executors, options.memory);

  return {
    start: () => fleet.start(),
    get manifest() {
      return fleet.manifest;
    },
    get slots() {
      return fleet.slots;
    },
    get freeSlots() {
      const busy = all().filter(isBusy).length;
      return Math.max(0, fleet.slots - busy - dispatcher.waiting);
    },
    get active() {
      return all().flatMap(activeJob);
    },
    get pids() {
      return all().map(({ pid }) => pid);
    },
    isShort: (taskName) => dispatcher.isShort(taskName),
    dispatch: (job, dispatchOptions) => dispatcher.dispatch(job, dispatchOptions),
    recall: (taskIds) => dispatcher.recall(taskIds),
    terminate: (taskId) => dispatcher.terminate(taskId),
    resize: (slots) => dispatcher.resize(slots),
    renew: () => fleet.renew(),
    close() {
      dispatcher.stop();
      return fleet.close().finally(endWatch);
    },
    kill() {
      endWatch();
      dispatcher.stop();
      fleet.kill();
    },
    stats: () => ({
      open: all().filter(({ isOpen }) => isOpen).length,
      busy: all().filter(isBusy).length,
      idle: all().filter((each) => each.isOpen && !isBusy(each)).length,
      booting: all().filter(({ isBooting }) => isBooting).length,
      waiting: dispatcher.waiting + all().reduce((sum, { unstarted }) => sum + unstarted.length, 0),
      forked: fleet.forked,
      cachedModels: sumOf(all().map(({ cachedModels }) => cachedModels)),
    }),
  };
}

function isBusy({ assignments }: ExecutorProcess): boolean {
  return assignments.length > 0;
}

function sumOf(all: readonly CachedModels[]): CachedModels {
  return all.reduce(
    (sum, { entries, bytes }) => ({ entries: sum.entries + entries, bytes: sum.bytes + bytes }),
    {
      entries: 0,
      bytes: 0,
    },
  );
}

function activeJob({ running, pid }: ExecutorProcess): ActiveJob[] {
  if (!running || running.startedAt === null) return [];
  const { taskId, taskName } = running.job;
  return [{ taskId, taskName, startedAt: running.startedAt, pid }];
}
