/** What a task is told of its run, and the ways in which it says how it goes on. */
import type { Job } from '../contract/job.ts';
import type { RunningTask, TaskContext } from '../contract/task.ts';
import { Ignore, OperationNotSupported, Reject, Replace, Retry } from '../errors.ts';

export function runningTask(job: Job, signal: AbortSignal): RunningTask {
  const { taskId, taskName, rootId, parentId, groupId, groupIndex, retries, stamps, hostname } = job;
  return { taskId, taskName, rootId, parentId, groupId, groupIndex, retries, stamps, hostname, signal };
}

export function createTaskContext(job: Job, signal: AbortSignal): TaskContext {
  return {
    ...runningTask(job, signal),
    progress: () => undefined,
    retry() {
      throw new Retry(`task '${job.taskName}' is to run again`);
    },
    replace() {
      throw new Replace(`task '${job.taskName}' is replaced`);
    },
    ignore() {
      throw new Ignore(`task '${job.taskName}' ends without a result`);
    },
    reject(reason = 'rejected') {
      throw new Reject(reason);
    },
    send() {
      return Promise.reject(new OperationNotSupported('tasks cannot send tasks yet'));
    },
  };
}
