/** What comes after a task: its callbacks, the rest of its chain, its chord. */
import type { JsonText } from '../contract/job.ts';
import { OperationNotSupported } from '../errors.ts';
import type { Request, WorkerNode } from './node.ts';
import type { Conclusion } from './report.ts';

/** What a conclusion leads to. Planned before the result is stored, since the result names its children. */
export interface Continuation {
  /** What will be sent, as Celery's result tuples. */
  readonly children: readonly unknown[];
  /** Sends it; resolves when the broker has confirmed. Done again after a crash, it sends the same ids. */
  publish(): Promise<void>;
}

/** Plans what comes after a conclusion; nothing for one after which nothing comes. */
export function planContinuation(
  _node: WorkerNode,
  _request: Request,
  _conclusion: Conclusion,
): Continuation {
  return { children: [], publish: async () => undefined };
}

/** Sends a signature on behalf of a task that runs. @returns the id of the task that gives the whole's result. */
export async function sendFromTask(
  _node: WorkerNode,
  request: Request,
  _signature: JsonText,
): Promise<string> {
  throw new OperationNotSupported(`task '${request.message.taskName}' cannot send tasks yet`);
}
