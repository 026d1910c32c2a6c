import type { TaskId } from '../contract/job.ts';
import type { Assignment } from './ending.ts';

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
}
