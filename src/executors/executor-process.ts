/** One forked executor, from its fork to its end, and the jobs it holds. */
import type { ChildProcess } from 'node:child_process';
import type { FromExecutor, Manifest, ToExecutor } from '../contract/ipc.ts';
import type { Outcome, TaskId } from '../contract/job.ts';
import type { LogPort } from '../contract/logger.ts';
import type { CachedModels, Measures } from '../contract/measures.ts';
import { createOutbox, type Outbox } from '../contract/outbox.ts';
import { answerSend } from './answer-send.ts';
import { Backlog } from './backlog.ts';
import { ChildGroups } from './child-groups.ts';
import type { Assignment, Ending } from './ending.ts';
import { watchExit } from './exit.ts';
import type { Guardian } from './guardian.ts';
import { JobClock } from './job-clock.ts';
import { logOutput } from './output.ts';
import { killGroup } from './process-group.ts';

/** Modules that have not loaded by then never will. */
const BOOT_LIMIT_MS = 60_000;
/** Time for an idle executor to exit by itself when it is told to close. */
const CLOSE_GRACE_MS = 5_000;

/** What an executor tells its pool. */
export interface ExecutorListener {
  onReady(executor: ExecutorProcess, manifest: Manifest): void;
  /** Something started, ended or came back: there may be room for more. */
  onChange(executor: ExecutorProcess): void;
  onFinished(assignment: Assignment, ms: number): void;
  /** Jobs that never started here and shall run elsewhere, in their order. */
  onUnstarted(assignments: readonly Assignment[]): void;
  /** It has run its last job, and is replaced. */
  onSpent(): void;
  /** The process is gone and holds no job. `failure` says why it never was ready, null if it was. */
  onExit(executor: ExecutorProcess, failure: string | null): void;
}

export interface ExecutorProcessOptions {
  readonly child: ChildProcess;
  readonly guardian: Guardian;
  readonly listener: ExecutorListener;
  readonly logger: LogPort;
}

type State = 'booting' | 'open' | 'closing' | 'exited';

export class ExecutorProcess {
  readonly #child: ChildProcess;
  readonly #guardian: Guardian;
  readonly #listener: ExecutorListener;
  readonly #logger: LogPort;
  readonly #outbox: Outbox<ToExecutor>;
  readonly #childGroups: ChildGroups;
  readonly #clock = new JobClock();
  readonly #fatalError: () => string;
  readonly #bootTimer: NodeJS.Timeout;
  #closeTimer: NodeJS.Timeout | undefined;
  readonly #backlog = new Backlog();
  #state: State = 'booting';
  #cores = 0;
  #cachedModels: CachedModels = { entries: 0, bytes: 0 };
  /** The last that started: what is printed belongs to it, also when its end is read before its output. */
  #lastTask: { readonly task_id: TaskId; readonly task_name: string } | undefined;
  /** Why it cannot start; null once it is ready. */
  #failure: string | null = 'it ended while it loaded its tasks';
  /** The job for which it was killed, and how that job ends. */
  #verdict: { readonly assignment: Assignment; readonly ending: Ending } | undefined;

  constructor({ child, guardian, listener, logger }: ExecutorProcessOptions) {
    this.#child = child;
    this.#guardian = guardian;
    this.#listener = listener;
    this.#logger = logger;
    this.#childGroups = new ChildGroups(guardian);
    this.#outbox = createOutbox((batch) => this.#send(batch));
    this.#bootTimer = setTimeout(() => this.#endBoot(), BOOT_LIMIT_MS);
    this.#fatalError = logOutput(child, logger, () => ({ executor_pid: this.pid, ...this.#lastTask }));
    if (child.pid !== undefined) guardian.add(child.pid);
    child.on('message', (batch: readonly FromExecutor[]) => this.#receive(batch));
    watchExit(
      child,
      () => this.#afterExit(),
      (detail) => this.#bury(detail),
    );
  }

  /** 0 for a process that could not be forked. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Its process, and those that it announced. */
  get pids(): readonly number[] {
    return [this.pid, ...this.#childGroups.leaders];
  }

  /** Jobs given to it and not ended yet, in their order. */
  get assignments(): readonly Assignment[] {
    return this.#backlog.all;
  }

  /** The job that it runs now. */
  get running(): Assignment | undefined {
    return this.#backlog.running;
  }

  get unstarted(): readonly Assignment[] {
    return this.#backlog.unstarted;
  }

  get isBooting(): boolean {
    return this.#state === 'booting';
  }

  /** Whether it takes jobs now. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether it takes jobs now and has had none yet. */
  get isFresh(): boolean {
    return this.isOpen && this.#lastTask === undefined && this.assignments.length === 0;
  }

  /** The models that it keeps unpacked, as of its last job. */
  get cachedModels(): CachedModels {
    return this.#cachedModels;
  }

  /** Whether its running job has taken longer than short jobs do. */
  get isOverdue(): boolean {
    return this.#clock.isOverdue;
  }

  /** Hands it a job; sent with everything else of this turn of the event loop. */
  run(assignment: Assignment): void {
    this.#backlog.add(assignment);
    this.#outbox.push({ type: 'run', job: assignment.job });
  }

  /** Asks for the jobs that have not started. Each ends by its `recalledAs`, or is given back to the pool. */
  recall(): void {
    this.#outbox.push({ type: 'recall' });
  }

  /** Tells it how many cores its tasks may use. */
  lease(cores: number): void {
    if (cores === this.#cores) return;
    this.#cores = cores;
    this.#outbox.push({ type: 'cores', cores });
  }

  /** Lets it finish what runs, then exit. */
  close(): void {
    if (this.#state === 'booting') this.kill();
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#outbox.push({ type: 'close' });
    this.#limitClose();
  }

  /** Closes it for want of a slot: what has not started runs elsewhere. */
  retire(): void {
    if (this.#state === 'booting') this.#failure = null;
    if (this.unstarted.length > 0) this.recall();
    this.close();
  }

  /** SIGKILL to its process group and to those of the children that it announced. */
  kill(): void {
    if (this.#state === 'exited') return;
    this.#state = 'closing';
    if (this.#child.pid !== undefined) killGroup(this.#child.pid);
    this.#childGroups.kill();
  }

  /** Kills it because of the job that it runs. */
  killFor(assignment: Assignment, ending: Ending): void {
    this.#verdict ??= { assignment, ending };
    this.kill();
  }

  #receive(batch: readonly FromExecutor[]): void {
    for (const message of batch) this.#handle(message);
    this.#listener.onChange(this);
  }

  #handle(message: FromExecutor): void {
    switch (message.type) {
      case 'ready':
        this.#open(message.manifest);
        break;
      case 'failed':
        this.#failure = message.message;
        break;
      case 'started':
        this.#start(message.taskId);
        break;
      case 'finished':
        this.#finish(message.taskId, message.outcome, message.measures);
        break;
      case 'progress':
        this.#backlog.find(message.taskId)?.onProgress?.(message.state, message.meta);
        break;
      case 'send':
        this.#answer(message);
        break;
      case 'spent':
        this.#logger.info({ executor_pid: this.pid }, `executor is replaced: ${message.reason}`);
        this.#listener.onSpent();
        this.close();
        break;
      case 'returned':
        this.#release(({ job }) => message.taskIds.includes(job.taskId));
        break;
      case 'child':
        if (message.alive) this.#adopt(message.pid);
        else this.#childGroups.remove(message.pid);
    }
  }

  #open(manifest: Manifest): void {
    clearTimeout(this.#bootTimer);
    this.#failure = null;
    if (this.#state === 'booting') this.#state = 'open';
    this.#listener.onReady(this, manifest);
  }

  #start(taskId: TaskId): void {
    const assignment = this.#backlog.find(taskId);
    if (!assignment) return;
    // It was told to close while this news was on its way: a job that has begun has all of its time.
    clearTimeout(this.#closeTimer);
    assignment.startedAt = Date.now();
    this.#lastTask = { task_id: taskId, task_name: assignment.job.taskName };
    if (assignment.recalledAs === 'terminated') this.killFor(assignment, { kind: 'terminated' });
    assignment.recalledAs = null;
    const seconds = assignment.timeLimit ?? 0;
    this.#clock.start({
      timeLimit: assignment.timeLimit,
      onLimit: () => this.killFor(assignment, { kind: 'time-limit', seconds }),
      onOverdue: () => this.unstarted.length > 0 && this.recall(),
    });
    assignment.onStarted?.(this.pid);
  }

  #finish(taskId: TaskId, outcome: Outcome, measures: Measures): void {
    this.#cachedModels = measures.cachedModels ?? this.#cachedModels;
    const assignment = this.#backlog.find(taskId);
    if (!assignment) return;
    this.#clock.stop();
    this.#backlog.remove(assignment);
    this.#listener.onFinished(assignment, Date.now() - (assignment.startedAt ?? Date.now()));
    assignment.onMeasured?.(measures);
    assignment.end(outcome);
    if (this.#state === 'closing') this.#limitClose();
  }

  /** The job may have ended by the time of the answer: its executor knows that nobody waits for it. */
  #answer(request: Extract<FromExecutor, { type: 'send' }>): void {
    const assignment = this.#backlog.find(request.taskId);
    if (assignment) void answerSend(assignment, request).then((answer) => this.#outbox.push(answer));
  }

  /** Gives jobs back to the pool that did not start. */
  #release(isReturned: (assignment: Assignment) => boolean): void {
    this.#listener.onUnstarted(this.#backlog.release(isReturned));
  }

  /** The news of a child may come after the end of its executor. */
  #adopt(group: number): void {
    this.#childGroups.add(group);
    if (this.#state === 'exited') this.#childGroups.kill();
  }

  #afterExit(): void {
    this.kill();
    this.#state = 'exited';
    this.#clock.stop();
    clearTimeout(this.#bootTimer);
    clearTimeout(this.#closeTimer);
    if (this.#child.pid !== undefined) this.#guardian.remove(this.#child.pid);
  }

  #bury(exit: string): void {
    this.#clock.stop();
    const fatalError = this.#fatalError();
    const detail = fatalError ? `${exit}, ${fatalError}` : exit;
    this.#logger.info(
      { executor_pid: this.pid, ...(this.running && this.#lastTask) },
      `executor ended: ${detail}`,
    );
    this.#backlog.blame((running) => this.#endingOf(running, detail));
    this.#release(() => true);
    this.#listener.onExit(this, this.#failure && `${this.#failure} (${detail})`);
  }

  /** How the job ends that ran when the process died. */
  #endingOf(running: Assignment, detail: string): Ending {
    const verdict = this.#verdict?.assignment === running ? this.#verdict.ending : undefined;
    return verdict ?? { kind: 'lost', started: true, detail };
  }

  /** While a job runs, its end sets the limit. */
  #limitClose(): void {
    clearTimeout(this.#closeTimer);
    if (!this.running) this.#closeTimer = setTimeout(() => this.kill(), CLOSE_GRACE_MS).unref();
  }

  #endBoot(): void {
    this.#failure = `its tasks did not load within ${BOOT_LIMIT_MS / 1000} s: look for a top-level await that never ends`;
    this.kill();
  }

  #send(batch: readonly ToExecutor[]): void {
    if (this.#child.connected) this.#child.send(batch, () => undefined);
  }
}
