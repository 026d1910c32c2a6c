import type { TaskId } from '../contract/job.ts';
import type { Assignment, Ending } from './ending.ts';

/** The jobs that one executor holds, in the order in which it runs them; only the first can have started. */
export class Backlog {
  readonly #assignments: Assignment[] = [];

  get all(): readonly Assignment[] {
    return this.#assignments;
  }

  /** The job that has started. */
  get running(): Assignment | undefined {
    return this.#assignments.find(({ startedAt }) => startedAt !== null);
  }

  get unstarted(): readonly Assignment[] {
    return this.#assignments.filter(({ startedAt }) => startedAt === null);
  }

  add(assignment: Assignment): void {
    assignment.startedAt = null;
    this.#assignments.push(assignment);
  }

  /** The first job of this id. */
  find(taskId: TaskId): Assignment | undefined {
    return this.#assignments.find(({ job }) => job.taskId === taskId);
  }

  remove(assignment: Assignment): void {
    const at = this.#assignments.indexOf(assignment);
    if (at >= 0) this.#assignments.splice(at, 1);
  }

  /** Lets go of jobs that did not start: ends the recalled ones, gives back those that shall run elsewhere. */
  release(isReturned: (assignment: Assignment) => boolean): Assignment[] {
    const released = this.unstarted.filter(isReturned);
    for (const assignment of released) {
      this.remove(assignment);
      if (assignment.recalledAs) assignment.end({ kind: assignment.recalledAs });
    }
    return released.filter(({ recalledAs }) => recalledAs === null);
  }

  /** Ends the job that ran when the process died. Where none did, the next one is under suspicion. */
  blame(endingOf: (running: Assignment) => Ending): void {
    const { running } = this;
    const [suspect] = this.unstarted;
    if (running) {
      this.remove(running);
      running.end(endingOf(running));
    } else if (suspect) {
      suspect.deaths += 1;
    }
  }
}
