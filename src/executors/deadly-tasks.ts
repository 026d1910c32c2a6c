/** Which tasks end the executors that they run in. */
import type { Ending } from './ending.ts';

/** Runs in a row that ended their executors: one alone may be the fault of its arguments. */
const DEADLY_RUNS = 2;

export interface DeadlyTasks {
  /** Whether the last runs of this task, whatever their arguments, have ended their executors. */
  has(taskName: string): boolean;
  record(taskName: string, ending: Ending): void;
}

export function createDeadlyTasks(): DeadlyTasks {
  const deaths = new Map<string, number>();
  return {
    has: (taskName) => (deaths.get(taskName) ?? 0) >= DEADLY_RUNS,
    record(taskName, ending) {
      if (ending.kind === 'lost' && ending.started) deaths.set(taskName, (deaths.get(taskName) ?? 0) + 1);
      else if (ending.kind === 'success') deaths.delete(taskName);
    },
  };
}
