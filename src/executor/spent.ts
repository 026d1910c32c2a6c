import type { ExecutorArguments } from '../contract/ipc.ts';

type Limits = Pick<ExecutorArguments, 'maxTasks' | 'maxMemory' | 'memoryLimit'>;

/** Of what an executor may take: with more than that left behind by a task, the next one, however small, might be ended for it. */
const FILLED = 0.5;

/**
 * Why an executor shall be replaced by a fresh one, null when it need not be (Celery's `max_tasks_per_child` and
 * `max_memory_per_child`).
 *
 * @param done jobs that it has run, and whether the last one was refused memory.
 * @param readMemory gives its resident memory in bytes; called only when there is a limit.
 */
export function spentReason(
  { maxTasks, maxMemory, memoryLimit }: Limits,
  { ended, wasRefused }: { readonly ended: number; readonly wasRefused: boolean },
  readMemory: () => number = process.memoryUsage.rss,
): string | null {
  if (wasRefused && memoryLimit !== null && readMemory() / 1024 > memoryLimit * FILLED) {
    return `a task has filled the ${memoryLimit} KiB that it may take`;
  }
  if (maxTasks !== null && ended >= maxTasks) return `it has run ${ended} tasks, its limit is ${maxTasks}`;
  if (maxMemory === null) return null;
  const used = Math.round(readMemory() / 1024);
  return used > maxMemory ? `it uses ${used} KiB of memory, its limit is ${maxMemory} KiB` : null;
}
