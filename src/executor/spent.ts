import type { ExecutorArguments } from '../contract/ipc.ts';

type Limits = Pick<ExecutorArguments, 'maxTasks' | 'maxMemory'>;

/**
 * Why an executor shall be replaced by a fresh one, null when it need not be (Celery's `max_tasks_per_child` and
 * `max_memory_per_child`).
 *
 * @param ended jobs that it has run.
 * @param readMemory gives its resident memory in bytes; called only when there is a limit.
 */
export function spentReason(
  { maxTasks, maxMemory }: Limits,
  ended: number,
  readMemory: () => number = process.memoryUsage.rss,
): string | null {
  if (maxTasks !== null && ended >= maxTasks) return `it has run ${ended} tasks, its limit is ${maxTasks}`;
  if (maxMemory === null) return null;
  const used = Math.round(readMemory() / 1024);
  return used > maxMemory ? `it uses ${used} KiB of memory, its limit is ${maxMemory} KiB` : null;
}
