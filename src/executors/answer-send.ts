import { copyError } from '../contract/error-copy.ts';
import type { FromExecutor, ToExecutor } from '../contract/ipc.ts';
import { OperationNotSupported } from '../errors.ts';
import type { Assignment } from './ending.ts';

type SendRequest = Extract<FromExecutor, { type: 'send' }>;

/** Sends a signature on behalf of a job. Never rejects: what went wrong is the answer. */
export async function answerSend(
  { job, onSend }: Assignment,
  { call, signature }: SendRequest,
): Promise<ToExecutor> {
  try {
    if (onSend) return { type: 'sent', call, taskId: await onSend(signature) };
    throw new OperationNotSupported(
      `task '${job.taskName}' cannot send tasks from here: send it to a worker`,
    );
  } catch (error) {
    return { type: 'unsent', call, error: copyError(error) };
  }
}
