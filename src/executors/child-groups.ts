import type { Guardian } from './guardian.ts';
import { killGroup } from './process-group.ts';

/** The process groups that an executor announced (kernels): they die with it, or with the supervisor. */
export class ChildGroups {
  readonly #guardian: Guardian;
  readonly #groups = new Set<number>();

  constructor(guardian: Guardian) {
    this.#guardian = guardian;
  }

  get leaders(): readonly number[] {
    return [...this.#groups];
  }

  add(group: number): void {
    this.#groups.add(group);
    this.#guardian.add(group);
  }

  remove(group: number): void {
    this.#groups.delete(group);
    this.#guardian.remove(group);
  }

  kill(): void {
    for (const group of this.#groups) {
      killGroup(group);
      this.remove(group);
    }
  }
}
