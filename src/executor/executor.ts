/** The root of a forked executor: takes jobs over IPC and runs them, one at a time, in the order they came. */
import type { ExecutorArguments, FromExecutor, ToExecutor } from '../contract/ipc.ts';
import type { Job, Outcome } from '../contract/job.ts';
import { createOutbox } from '../contract/outbox.ts';
import type { TaskLine } from '../contract/task-line.ts';
import type { BuiltinTask, NotebookSettings } from '../tasks/builtin-task.ts';
import { createTaskThread } from '../threads/task-thread.ts';
import { createThreads } from '../threads/thread-pool.ts';
import { limitData } from './data-limit.ts';
import { type JobServices, runJob } from './job-runner.ts';
import { explainMemory } from './memory-failure.ts';
import { failureOf } from './outcome.ts';
import { PendingSends } from './pending-sends.ts';
import { Recorder } from './recorder.ts';
import { spentReason } from './spent.ts';
import { type OpenStores, openStores, type StoresOptions } from './stores.ts';
import { loadTasks, manifestOf, type TaskRegistry } from './task-registry.ts';

export interface ExecutorOptions extends ExecutorArguments, StoresOptions {
  readonly builtins: readonly BuiltinTask[];
  readonly notebooks: NotebookSettings;
  /** MiB of a dataset above which built-in tasks read it in blocks. */
  readonly streamAbove: number;
  /** Sends to the supervisor; `written` is called when the batch, and all before it, is on its way. */
  readonly send: (batch: readonly FromExecutor[], written?: () => void) => void;
  /** Ends the process in good order. */
  readonly exit: (status: number) => void;
  /** Ends the process and all its threads at once, even one inside native code. */
  readonly die: () => void;
}

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #outbox;
  readonly #threads;
  readonly #services: JobServices;
  readonly #sends = new PendingSends();
  readonly #recorder = new Recorder();
  readonly #queue: Job[] = [];
  #stores: OpenStores | undefined;
  #registry: TaskRegistry = new Map();
  #running: Job | undefined;
  #ended = 0;
  #spent = false;
  #closing = false;
  #retired = false;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#outbox = createOutbox<FromExecutor>((batch) => options.send(batch));
    this.#threads = createThreads({ maxThreads: options.cores, cores: options.cores });
    this.#services = {
      threads: this.#threads,
      taskThread: createTaskThread(),
      stores: () => this.#openStores().om,
      notebooks: options.notebooks,
      streamAbove: options.streamAbove * 2 ** 20,
      children: {
        started: (pid) => this.#announce(pid, true),
        ended: (pid) => this.#announce(pid, false),
      },
      find: (taskName) => this.#registry.get(taskName),
      lineOf: (job) => this.#lineOf(job),
    };
  }

  /** Loads the tasks and says what there is, or why it failed, and exits. */
  async boot(): Promise<void> {
    try {
      const { builtins, modules, cores, memoryLimit } = this.#options;
      this.#registry = await loadTasks(builtins, modules);
      if (memoryLimit !== null) limitData(memoryLimit, cores + 1);
      this.#outbox.push({ type: 'ready', manifest: manifestOf(this.#registry) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.send([{ type: 'failed', message }], () => this.#options.exit(1));
    }
  }

  /** What the supervisor says. */
  receive(batch: readonly ToExecutor[]): void {
    if (this.#retired) return;
    for (const message of batch) this.#handle(message);
    if (this.#running === undefined) void this.#work();
  }

  /** An error that nobody caught: the running job's failure. What it left undone is unknown, so this is the end. */
  fail(error: unknown): void {
    if (this.#running) this.#finish(this.#running, failureOf(error));
    this.#retire();
  }

  #handle(message: ToExecutor): void {
    switch (message.type) {
      case 'run':
        this.#queue.push(message.job);
        if (this.#spent) this.#giveBack();
        break;
      case 'sent':
      case 'unsent':
        this.#sends.answer(message);
        break;
      case 'recall':
        this.#giveBack();
        break;
      case 'cores':
        this.#threads.cores = message.cores;
        break;
      case 'close':
        this.#closing = true;
    }
  }

  async #work(): Promise<void> {
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) {
      this.#running = job;
      this.#outbox.push({ type: 'started', taskId: job.taskId });
      // Now, not with the rest of this turn: the job may end the process with its first instruction.
      this.#outbox.flush();
      this.#recorder.start();
      const { outcome, abandoned } = await runJob(job, this.#services);
      if (this.#running !== job) return;
      const explained = explainMemory(outcome, job.taskName, this.#options.memoryLimit);
      this.#finish(job, explained);
      if (abandoned) this.#retire();
      else this.#checkSpent(explained !== outcome);
    }
    if (this.#closing) await this.#exit();
  }

  /** How the job reaches the supervisor while it runs; afterwards it is not heard. */
  #lineOf(job: Job): TaskLine {
    const { taskId } = job;
    return {
      progress: (state, meta) => {
        if (this.#running === job) this.#outbox.push({ type: 'progress', taskId, state, meta });
      },
      send: (signature) =>
        this.#sends.open((call) => this.#outbox.push({ type: 'send', taskId, call, signature })),
    };
  }

  #finish({ taskId }: Job, outcome: Outcome): void {
    this.#running = undefined;
    this.#sends.clear();
    const measures = this.#recorder.end(this.#stores?.usage());
    this.#outbox.push({ type: 'finished', taskId, outcome, measures });
  }

  /** Takes no further jobs once it has run enough, or grown too large, or was refused memory. The supervisor will close it. */
  #checkSpent(wasRefused: boolean): void {
    this.#ended += 1;
    const reason = this.#spent ? null : spentReason(this.#options, { ended: this.#ended, wasRefused });
    if (reason === null) return;
    this.#spent = true;
    this.#outbox.push({ type: 'spent', reason });
    this.#giveBack();
  }

  #giveBack(): void {
    this.#outbox.push({ type: 'returned', taskIds: this.#queue.splice(0).map(({ taskId }) => taskId) });
    this.#outbox.flush();
  }

  #announce(pid: number, alive: boolean): void {
    this.#outbox.push({ type: 'child', pid, alive });
    this.#outbox.flush();
  }

  #openStores(): OpenStores {
    this.#stores ??= openStores(this.#options, this.#recorder);
    return this.#stores;
  }

  async #exit(): Promise<void> {
    this.#outbox.flush();
    await this.#stores?.close();
    this.#options.send([], () => this.#options.exit(0));
  }

  /** Makes room for a fresh executor. Terminating the one thread could abort the process in native code. */
  #retire(): void {
    this.#retired = true;
    this.#giveBack();
    this.#options.send([], this.#options.die);
  }
}
