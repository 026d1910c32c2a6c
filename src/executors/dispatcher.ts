/** Hands jobs to executors: the ones that wait, where each goes, and how they come back. */
import type { Job, TaskId } from '../contract/job.ts';
import { createDeadlyTasks } from './deadly-tasks.ts';
import { createDurations } from './durations.ts';
import type { Assignment, Ending } from './ending.ts';
import type { ExecutorProcess } from './executor-process.ts';
import type { DispatchOptions, ExecutorsOptions } from './executors.ts';
import { Fleet, type FleetListener } from './fleet.ts';

/** Jobs of short tasks that wait in an executor behind the one that runs. */
const MAX_AHEAD = 32;
/** An executor is given more of them when so few are left: many in one write cost little more than one. */
const REFILL_AT = 16;
/** Executors that may die before they start a job, until it is given up as lost. */
const MAX_DEATHS = 3;

export class Dispatcher implements FleetListener {
  readonly fleet: Fleet;
  readonly #durations = createDurations();
  readonly #deadly = createDeadlyTasks();
  readonly #onChange: (() => void) | undefined;
  readonly #waiting: Assignment[] = [];
  readonly #suspects: Assignment[] = [];
  #closing = false;

  constructor(options: ExecutorsOptions) {
    this.fleet = new Fleet(options, this);
    this.#onChange = options.onChange;
  }

  /** Jobs that no executor has yet. */
  get waiting(): number {
    return this.#waiting.length + this.#suspects.length;
  }

  /** Whether runs of this task are over in a few milliseconds; false for one that never ran here. */
  isShort(taskName: string): boolean {
    return this.#durations.isShort(taskName);
  }

  /** Never rejects. */
  dispatch(job: Job, options: DispatchOptions): Promise<Ending> {
    if (this.#closing) return Promise.resolve({ kind: 'returned' });
    const { taskName } = job;
    const suspect = options.suspect || this.#deadly.has(taskName);
    return new Promise((resolve) => {
      const end = (ending: Ending): void => {
        this.#deadly.record(taskName, ending);
        resolve(ending);
      };
      const state = { startedAt: null, recalledAs: null, deaths: 0 };
      this.#lineOf({ suspect }).push({ ...options, suspect, job, end, ...state });
      this.#place();
    });
  }

  /** Ends jobs that have not started as `returned`: all, or the given ones. */
  recall(taskIds?: readonly TaskId[]): void {
    const ids = taskIds && new Set(taskIds);
    const isMeant = ({ job }: Assignment) => ids === undefined || ids.has(job.taskId);
    for (const assignment of this.#findWaiting(isMeant)) this.#withdraw(assignment, 'returned');
    for (const executor of this.fleet.executors) {
      const recalled = executor.unstarted.filter(isMeant);
      for (const assignment of recalled) assignment.recalledAs ??= 'returned';
      if (recalled.length > 0) executor.recall();
    }
  }

  /** Ends a job as `terminated`; false when it is not here. */
  terminate(taskId: TaskId): boolean {
    const isMeant = ({ job }: Assignment) => job.taskId === taskId;
    const [waiting] = this.#findWaiting(isMeant);
    if (waiting) this.#withdraw(waiting, 'terminated');
    for (const executor of this.fleet.executors) {
      const assignment = executor.assignments.find(isMeant);
      if (!assignment) continue;
      terminateIn(executor, assignment);
      return true;
    }
    return waiting !== undefined;
  }

  /** Recalls what waits and takes nothing more. */
  stop(): void {
    this.#closing = true;
    this.recall();
  }

  /** Changes the most executors at a time; those beyond it finish what they run. */
  resize(slots: number): void {
    this.fleet.resize(slots);
    this.onRoom();
  }

  onRoom(): void {
    this.#place();
    this.#onChange?.();
  }

  onFinished({ job }: Assignment, ms: number): void {
    this.#durations.record(job.taskName, ms);
  }

  onUnstarted(assignments: readonly Assignment[]): void {
    for (const { end } of this.#closing ? assignments : []) end({ kind: 'returned' });
    if (this.#closing) return;
    for (const { end, deaths } of assignments.filter(isDoomed)) {
      end({ kind: 'lost', started: false, detail: `${deaths} executors died before it started` });
    }
    for (const assignment of assignments.filter((each) => !isDoomed(each)).reverse()) {
      this.#lineOf(assignment).unshift(assignment);
    }
  }

  #place(): void {
    this.#placeSuspects();
    this.#placeWaiting();
    this.fleet.grow(this.#demand());
  }

  /** Each in an executor that has run nothing yet, whatever else waits; one is replaced when there is no room. */
  #placeSuspects(): void {
    if (this.#suspects.length === 0) return;
    const executors = [...this.fleet.executors];
    const running = executors.filter(({ assignments }) => assignments.some(isSuspect)).length;
    const room = Math.ceil(this.fleet.slots / 2) - running;
    const fresh = executors.filter(({ isFresh }) => isFresh);
    for (const executor of fresh.slice(0, Math.max(0, room))) {
      const suspect = this.#suspects.shift();
      if (suspect) executor.run(suspect);
    }
    if (Math.min(this.#suspects.length, room - fresh.length) > 0) this.fleet.makeRoom();
  }

  /** First come, first served: a job never overtakes one that came before it. */
  #placeWaiting(): void {
    const open = [...this.fleet.executors].filter(takesMore);
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const executor = this.#pick(next, open);
      if (!executor) break;
      this.#waiting.shift();
      executor.run(next);
    }
  }

  /** An idle executor, else, for a short job, the one with the fewest jobs ahead; undefined when it must wait. */
  #pick({ job }: Assignment, open: readonly ExecutorProcess[]): ExecutorProcess | undefined {
    const idle = open.find(({ assignments }) => assignments.length === 0);
    if (idle || !this.isShort(job.taskName)) return idle;
    return open
      .filter((executor) => this.#hasRoomAhead(executor))
      .reduce<ExecutorProcess | undefined>(
        (best, each) => (best && best.assignments.length <= each.assignments.length ? best : each),
        undefined,
      );
  }

  #hasRoomAhead({ assignments, isOverdue }: ExecutorProcess): boolean {
    if (isOverdue || assignments.length > MAX_AHEAD) return false;
    return assignments.every(({ job, suspect }) => !suspect && this.isShort(job.taskName));
  }

  /** Jobs that another executor would start at once. */
  #demand(): number {
    let demand = this.waiting;
    for (const { assignments } of this.fleet.executors) demand += Math.max(0, assignments.length - 1);
    return demand;
  }

  #withdraw(assignment: Assignment, kind: 'returned' | 'terminated'): void {
    const line = this.#lineOf(assignment);
    line.splice(line.indexOf(assignment), 1);
    assignment.end({ kind });
  }

  #findWaiting(isMeant: (assignment: Assignment) => boolean): Assignment[] {
    return [...this.#suspects, ...this.#waiting].filter(isMeant);
  }

  #lineOf({ suspect }: Pick<DispatchOptions, 'suspect'>): Assignment[] {
    return suspect ? this.#suspects : this.#waiting;
  }
}

function takesMore({ isOpen, assignments }: ExecutorProcess): boolean {
  return isOpen && assignments.length <= REFILL_AT;
}

function isSuspect({ suspect }: Assignment): boolean {
  return suspect === true;
}

function isDoomed({ deaths }: Assignment): boolean {
  return deaths >= MAX_DEATHS;
}

function terminateIn(executor: ExecutorProcess, assignment: Assignment): void {
  if (assignment.startedAt === null) {
    assignment.recalledAs = 'terminated';
    executor.recall();
  } else {
    executor.killFor(assignment, { kind: 'terminated' });
  }
}
