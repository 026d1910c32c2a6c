/** One job, from its arguments to its outcome, under its soft time limit. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Job, JsonText, Outcome } from '../contract/job.ts';
import type { TaskLine } from '../contract/task-line.ts';
import type { Threads } from '../contract/threads.ts';
import { NotRegistered, OperationalError, SoftTimeLimitExceeded } from '../errors.ts';
import type {
  BuiltinContext,
  BuiltinTask,
  ChildProcesses,
  NotebookSettings,
  Stores,
} from '../tasks/builtin-task.ts';
import type { TaskThread } from '../threads/task-thread.ts';
import { readArguments } from './call-arguments.ts';
import { runCustomTask } from './custom-task.ts';
import { itemJobs, type MapTask, outcomeOfMap } from './map-task.ts';
import { failureOf, outcomeOf, outcomeOfThrown, successOf } from './outcome.ts';
import { retryFor } from './retry.ts';
import { RunLine } from './run-line.ts';
import { reportProgress, runningTask } from './task-context.ts';
import type { CustomTask, RegisteredTask } from './task-registry.ts';

/** Time for a task in a thread to end by itself after its soft limit. */
const GRACE_MS = 2_000;
/** Node fires a longer timer at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What tasks work with. */
export interface JobServices {
  readonly threads: Threads;
  readonly taskThread: TaskThread;
  /** Opened on first use. */
  readonly stores: () => Stores;
  readonly children: ChildProcesses;
  readonly notebooks: NotebookSettings;
  /** Bytes of a dataset above which built-in tasks read it in blocks. */
  readonly streamAbove: number;
  /** What can be run under a name. */
  readonly find: (taskName: string) => RegisteredTask | undefined;
  /** How a job reaches the supervisor. */
  readonly lineOf: (job: Job) => TaskLine;
}

export interface JobEnd {
  readonly outcome: Outcome;
  /** The task still occupies its thread, although its job has ended. */
  readonly abandoned: boolean;
}

/** What belongs to one run. */
interface Run {
  readonly services: JobServices;
  readonly signal: AbortSignal;
  readonly line: TaskLine;
}

/** Runs a job. Never rejects. */
export async function runJob(job: Job, services: JobServices): Promise<JobEnd> {
  const controller = new AbortController();
  const timer = startSoftLimit(job, controller);
  const line = new RunLine(services.lineOf(job));
  try {
    return await runTask(job, { services, signal: controller.signal, line });
  } finally {
    clearTimeout(timer);
    line.end();
  }
}

function startSoftLimit(
  { taskName, softTimeLimit }: Job,
  controller: AbortController,
): NodeJS.Timeout | undefined {
  if (softTimeLimit === null) return undefined;
  const message = `task '${taskName}' ran longer than its soft time limit of ${softTimeLimit} s: give it a higher limit or less to do`;
  const abort = () => controller.abort(new SoftTimeLimitExceeded(message));
  return setTimeout(abort, Math.min(softTimeLimit * 1000, MAX_TIMER_MS));
}

async function runTask(job: Job, run: Run): Promise<JobEnd> {
  const registered = run.services.find(job.taskName);
  switch (registered?.kind) {
    case undefined:
      return ended(failureOf(unknownTask(job)));
    case 'builtin':
      return ended(await runBuiltin(registered.task, job, run));
    case 'map':
      return await runMap(registered.task, job, run);
    case 'custom': {
      const { task } = registered;
      return task.inline
        ? ended(await runCustomTask(task, job, run.signal, run.line))
        : await runInThread(registered, job, run);
    }
  }
}

function runBuiltin(task: BuiltinTask, job: Job, { services, signal, line }: Run): Promise<Outcome> {
  const { threads, children, notebooks, streamAbove } = services;
  const context: BuiltinContext = {
    ...runningTask(job, signal),
    ...{ threads, children, notebooks, streamAbove },
    progress: (meta, state) => reportProgress(line, job, meta, state),
    get om() {
      return services.stores();
    },
  };
  const call = async (): Promise<unknown> => {
    const { args, kwargs } = readArguments(job);
    return await task.run(args, kwargs, context);
  };
  return outcomeOf(call, job, signal, outcomeWithoutService);
}

/** A service that a built-in task needs may be away: that is no failure of the task. */
function outcomeWithoutService(error: unknown): Outcome {
  if (error instanceof OperationalError) return { kind: 'unavailable', reason: error.message };
  return outcomeOfThrown(error);
}

/** Runs the items one after the other, until one does not succeed. */
async function runMap(map: MapTask, job: Job, run: Run): Promise<JobEnd> {
  const results: JsonText[] = [];
  try {
    const { taskName, jobs } = itemJobs(map, job);
    if (!run.services.find(taskName)) return ended(failureOf(unknownTask({ taskName })));
    for (const item of jobs) {
      // Tasks that await nothing would keep the soft limit and the supervisor waiting.
      await nextTurn();
      run.signal.throwIfAborted();
      const { outcome, abandoned } = await runTask(item, run);
      if (outcome.kind !== 'success') return { outcome: outcomeOfMap(map, outcome), abandoned };
      results.push(outcome.result);
    }
    return ended(successOf(job, `[${results.join(', ')}]` as JsonText));
  } catch (error) {
    return ended(failureOf(error));
  }
}

/** A task that does not heed its aborted signal in time is abandoned. */
function runInThread(
  { task, modulePath }: CustomTask,
  job: Job,
  { services, signal, line }: Run,
): Promise<JobEnd> {
  // What the task itself throws is an outcome already: this is the end of its thread, or of the wait for it.
  const outcomeFor = (error: unknown) => outcomeOfThrown(retryFor(task, job, error));
  return new Promise((resolve) => {
    let grace: NodeJS.Timeout | undefined;
    const abandon = () => resolve({ outcome: outcomeFor(signal.reason), abandoned: true });
    const startGrace = () => {
      grace = setTimeout(abandon, GRACE_MS);
    };
    signal.addEventListener('abort', startGrace, { once: true });
    const run = services.taskThread.run(modulePath, job, signal, line).catch(outcomeFor);
    void run.then((outcome) => {
      clearTimeout(grace);
      signal.removeEventListener('abort', startGrace);
      resolve(ended(outcome));
    });
  });
}

function ended(outcome: Outcome): JobEnd {
  return { outcome, abandoned: false };
}

function unknownTask({ taskName }: Pick<Job, 'taskName'>): NotRegistered {
  return new NotRegistered(
    `task '${taskName}' is not registered in this executor: start the worker with the module that defines it`,
  );
}
