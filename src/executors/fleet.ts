/** The processes behind the slots: forked on demand, replaced when they die, closed when idle. */
import type { Manifest } from '../contract/ipc.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { shareCores } from './cores.ts';
import type { Assignment } from './ending.ts';
import { ExecutorProcess } from './executor-process.ts';
import type { ExecutorsOptions } from './executors.ts';
import { forkExecutor } from './fork.ts';
import { Guardian } from './guardian.ts';

/** A task that is over sooner needs no other share of the cores. */
const REBALANCE_DELAY_MS = 20;
/** Waiting time after a fork that failed; doubled with each further one. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;
const DEFAULT_IDLE_TIMEOUT_S = 300;

/** What the fleet tells whoever hands out the jobs. */
export interface FleetListener {
  /** An executor has room, or is gone. */
  onRoom(): void;
  onFinished(assignment: Assignment, ms: number): void;
  /** Jobs that come back because they did not start, in their order. */
  onUnstarted(assignments: readonly Assignment[]): void;
}

export class Fleet {
  readonly #options: ExecutorsOptions;
  readonly #listener: FleetListener;
  readonly #guardian = new Guardian();
  readonly #executors = new Set<ExecutorProcess>();
  readonly #idleTimers = new Map<ExecutorProcess, NodeJS.Timeout>();
  readonly #onEmpty: (() => void)[] = [];
  #slots: number;
  #manifest: Manifest | undefined;
  #boot: { resolve(manifest: Manifest): void; reject(error: Error): void } | undefined;
  #closing = false;
  #forked = 0;
  /** Executors in a row that ended before they were ready. */
  #failures = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #rebalanceTimer: NodeJS.Timeout | undefined;

  constructor(options: ExecutorsOptions, listener: FleetListener) {
    this.#options = options;
    this.#listener = listener;
    this.#slots = options.slots;
  }

  get executors(): ReadonlySet<ExecutorProcess> {
    return this.#executors;
  }

  /** Most executors at a time. */
  get slots(): number {
    return this.#slots;
  }

  /** Forked since the start. */
  get forked(): number {
    return this.#forked;
  }

  /** @throws ImproperlyConfigured before the first executor was ready. */
  get manifest(): Manifest {
    if (this.#manifest) return this.#manifest;
    throw new ImproperlyConfigured('the executors have not been started: await start() first');
  }

  /** @throws ImproperlyConfigured when the first executor cannot load its tasks. */
  start(): Promise<Manifest> {
    return new Promise((resolve, reject) => {
      this.#boot = { resolve, reject };
      this.#fork();
    });
  }

  /** Forks executors for jobs that wait, as far as there are slots; keeps at least one. */
  grow(waiting: number): void {
    if (this.#closing || this.#retryTimer) return;
    const booting = [...this.#executors].filter(({ isBooting }) => isBooting).length;
    const wanted = Math.max(waiting - booting, this.#executors.size === 0 ? 1 : 0);
    const room = this.#slots - this.#executors.size;
    for (let i = 0; i < Math.min(wanted, room); i += 1) this.#fork();
  }

  /** Changes the most executors at a time, at least one. Of those beyond it the idle ones go first, the youngest. */
  resize(slots: number): void {
    this.#slots = Math.max(1, Math.floor(slots));
    const staying = [...this.#executors].filter(({ isOpen, isBooting }) => isOpen || isBooting);
    const excess = Math.max(0, staying.length - this.#slots);
    const byLoad = staying.reverse().sort((a, b) => a.assignments.length - b.assignments.length);
    for (const executor of byLoad.slice(0, excess)) executor.retire();
  }

  /** Replaces the executor with the least to do by a new one, unless there is room for one, or one will come. */
  makeRoom(): void {
    const all = [...this.#executors];
    if (all.length < this.#slots || all.some(({ isOpen }) => !isOpen)) return;
    const [least] = all
      .filter(({ isFresh, isOverdue }) => !isFresh && !isOverdue)
      .sort((a, b) => a.assignments.length - b.assignments.length);
    least?.retire();
  }

  /** Replaces every executor, when its job has ended, by one that loads the modules anew. */
  renew(): void {
    for (const executor of this.#executors) executor.retire();
  }

  /** Lets every executor finish what runs; resolves when all are gone. */
  async close(): Promise<void> {
    this.#stop();
    for (const executor of this.#executors) executor.close();
    if (this.#executors.size > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
    this.#guardian.close();
  }

  kill(): void {
    this.#stop();
    for (const executor of this.#executors) executor.kill();
    this.#guardian.close();
  }

  #stop(): void {
    this.#closing = true;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#rebalanceTimer);
    for (const timer of this.#idleTimers.values()) clearTimeout(timer);
  }

  #fork(): void {
    const { modules, cores, settings, logger, maxTasks = null, maxMemory = null } = this.#options;
    const { maxOldSpaceMb, memory } = this.#options;
    const args = { modules, cores, maxTasks, maxMemory, memoryLimit: memory.limit };
    this.#forked += 1;
    const executor = new ExecutorProcess({
      child: forkExecutor({ ...args, env: settings, maxOldSpaceMb }),
      guardian: this.#guardian,
      logger,
      listener: {
        onReady: (_, manifest) => this.#ready(manifest),
        onChange: () => this.#changed(executor),
        onFinished: (assignment, ms) => this.#listener.onFinished(assignment, ms),
        onUnstarted: (assignments) => this.#listener.onUnstarted(assignments),
        onSpent: () => this.#options.onSpent?.(),
        onExit: (_, failure) => this.#exited(executor, failure),
      },
    });
    this.#executors.add(executor);
  }

  #ready(manifest: Manifest): void {
    this.#failures = 0;
    this.#manifest ??= manifest;
    this.#boot?.resolve(this.#manifest);
  }

  #changed(executor: ExecutorProcess): void {
    this.#listener.onRoom();
    if (this.#closing) return;
    this.#watchIdle(executor);
    this.#rebalanceTimer ??= setTimeout(() => this.#rebalance(), REBALANCE_DELAY_MS).unref();
  }

  /** Closes the executor when it has had nothing to do for long, unless it is the last one. */
  #watchIdle(executor: ExecutorProcess): void {
    clearTimeout(this.#idleTimers.get(executor));
    if (executor.assignments.length > 0) return;
    const close = () => {
      const open = [...this.#executors].filter(({ isOpen }) => isOpen);
      if (open.length > 1 && executor.assignments.length === 0) executor.close();
    };
    const seconds = this.#options.idleTimeout ?? DEFAULT_IDLE_TIMEOUT_S;
    this.#idleTimers.set(executor, setTimeout(close, seconds * 1000).unref());
  }

  #rebalance(): void {
    this.#rebalanceTimer = undefined;
    const busy = [...this.#executors].filter(({ running }) => running !== undefined);
    const shares = shareCores(this.#options.cores, busy.length);
    busy.forEach((executor, i) => {
      executor.lease(shares[i] ?? 1);
    });
  }

  #exited(executor: ExecutorProcess, failure: string | null): void {
    clearTimeout(this.#idleTimers.get(executor));
    this.#idleTimers.delete(executor);
    this.#executors.delete(executor);
    if (failure !== null && !this.#closing) this.#bootFailed(failure);
    if (this.#executors.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
    this.#listener.onRoom();
    this.grow(0);
  }

  /** The first executor must start. Later ones have started before: something around them changed. */
  #bootFailed(failure: string): void {
    const message = `an executor could not start: ${failure}`;
    if (this.#manifest === undefined) {
      this.kill();
      this.#boot?.reject(new ImproperlyConfigured(message));
      return;
    }
    const delay = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LAST_RETRY_MS);
    this.#failures += 1;
    this.#options.logger.error({ failures: this.#failures }, `${message}; next try in ${delay / 1000} s`);
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      this.#listener.onRoom();
      this.grow(0);
    }, delay);
  }
}
