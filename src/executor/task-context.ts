/** What a task is told of its run, and the ways in which it says how it goes on. */
import type { Job } from '../contract/job.ts';
import type { AnyTask, RunningTask, TaskContext } from '../contract/task.ts';
import type { TaskLine } from '../contract/task-line.ts';
import { Ignore, InvalidOptions, Reject, Replace } from '../errors.ts';
import { isException, isReady } from '../protocol/states.ts';
import { retryOf } from './retry.ts';
import { textForSupervisor } from './text-for-supervisor.ts';

export function runningTask(job: Job, signal: AbortSignal): RunningTask {
  const { taskId, taskName, rootId, parentId, groupId, groupIndex, retries, stamps, hostname } = job;
  return { taskId, taskName, rootId, parentId, groupId, groupIndex, retries, stamps, hostname, signal };
}

export function createTaskContext(task: AnyTask, job: Job, signal: AbortSignal, line: TaskLine): TaskContext {
  return {
    ...runningTask(job, signal),
    progress: (meta, state) => reportProgress(line, job, meta, state),
    retry(options) {
      throw retryOf(task, job, options);
    },
    replace(signature) {
      const text = textForSupervisor(job, 'the replacement', signature);
      throw new Replace(`task '${job.taskName}' is replaced`, { signature: text });
    },
    ignore() {
      throw new Ignore(`task '${job.taskName}' ends without a result`);
    },
    reject(reason = 'rejected', options = {}) {
      throw new Reject(reason, options);
    },
    send: async (signature) => await line.send(textForSupervisor(job, 'a signature', signature)),
  };
}

/**
 * Reports a state of the task's own, and what belongs to it as it is now.
 *
 * @throws InvalidOptions for a state that says how a task ended; EncodeError, MessageTooLarge for what cannot be reported.
 */
export function reportProgress(line: TaskLine, job: Job, meta: unknown, state = 'PROGRESS'): void {
  if (state === '' || isReady(state) || isException(state)) {
    throw new InvalidOptions(
      `a running task cannot report the state '${state}', which says how a task ended: return, throw or call context.retry()`,
    );
  }
  line.progress(state, textForSupervisor(job, 'the progress', meta));
}
