/** What a task is told of its run, and the ways in which it says how it goes on. */
import type { Job } from '../contract/job.ts';
import type { AnyTask, RunningTask, TaskContext } from '../contract/task.ts';
import { Ignore, OperationNotSupported, Reject, Replace } from '../errors.ts';
import { stringifyJson } from '../protocol/json.ts';
import { retryOf } from './retry.ts';

export function runningTask(job: Job, signal: AbortSignal): RunningTask {
  const { taskId, taskName, rootId, parentId, groupId, groupIndex, retries, stamps, hostname } = job;
  return { taskId, taskName, rootId, parentId, groupId, groupIndex, retries, stamps, hostname, signal };
}

export function createTaskContext(task: AnyTask, job: Job, signal: AbortSignal): TaskContext {
  return {
    ...runningTask(job, signal),
    progress: () => undefined,
    retry(options) {
      throw retryOf(task, job, options);
    },
    replace(signature) {
      throw new Replace(`task '${job.taskName}' is replaced`, { signature: stringifyJson(signature) });
    },
    ignore() {
      throw new Ignore(`task '${job.taskName}' ends without a result`);
    },
    reject(reason = 'rejected', options = {}) {
      throw new Reject(reason, options);
    },
    send() {
      return Promise.reject(new OperationNotSupported('tasks cannot send tasks yet'));
    },
  };
}
