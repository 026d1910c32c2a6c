/** One job, from its arguments to its outcome, under its soft time limit. */
import type { Job, Outcome } from '../contract/job.ts';
import type { Threads } from '../contract/threads.ts';
import { NotRegistered, SoftTimeLimitExceeded } from '../errors.ts';
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
import { failureOf, outcomeOf, outcomeOfThrown } from './outcome.ts';
import { retryFor } from './retry.ts';
import { runningTask } from './task-context.ts';
import type { RegisteredTask } from './task-registry.ts';

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
}

export interface JobEnd {
  readonly outcome: Outcome;
  /** The task still occupies its thread, although its job has ended. */
  readonly abandoned: boolean;
}

/** Runs a job. Never rejects. */
export async function runJob(
  registered: RegisteredTask | undefined,
  job: Job,
  services: JobServices,
): Promise<JobEnd> {
  const controller = new AbortController();
  const timer = startSoftLimit(job, controller);
  try {
    return await run(registered, job, services, controller.signal);
  } finally {
    clearTimeout(timer);
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

async function run(
  registered: RegisteredTask | undefined,
  job: Job,
  services: JobServices,
  signal: AbortSignal,
): Promise<JobEnd> {
  if (registered === undefined) return ended(failureOf(unknownTask(job)));
  if (registered.kind === 'builtin') return ended(await runBuiltin(registered.task, job, services, signal));
  const { task, modulePath } = registered;
  if (task.inline) return ended(await runCustomTask(task, job, signal));
  // What the task itself throws is an outcome already: this is the end of its thread, or of the wait for it.
  const outcomeFor = (error: unknown) => outcomeOfThrown(retryFor(task, job, error));
  const outcome = services.taskThread.run(modulePath, job, signal).catch(outcomeFor);
  const graceIsOver = graceOver(signal).then(
    (): JobEnd => ({ outcome: outcomeFor(signal.reason), abandoned: true }),
  );
  return await Promise.race([outcome.then(ended), graceIsOver]);
}

function runBuiltin(
  task: BuiltinTask,
  job: Job,
  services: JobServices,
  signal: AbortSignal,
): Promise<Outcome> {
  const { threads, children, notebooks } = services;
  const context: BuiltinContext = {
    ...runningTask(job, signal),
    ...{ threads, children, notebooks },
    get om() {
      return services.stores();
    },
  };
  return outcomeOf(() => {
    const { args, kwargs } = readArguments(job);
    return task.run(args, kwargs, context);
  }, signal);
}

function ended(outcome: Outcome): JobEnd {
  return { outcome, abandoned: false };
}

/** Resolves when a task did not heed its aborted signal in time. */
function graceOver(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => setTimeout(resolve, GRACE_MS), { once: true });
  });
}

function unknownTask({ taskName }: Job): NotRegistered {
  return new NotRegistered(
    `task '${taskName}' is not registered in this executor: start the worker with the module that defines it`,
  );
}
