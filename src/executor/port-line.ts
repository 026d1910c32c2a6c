/** The thread's side of the channel between a task in its thread and the main thread of its executor. */
import type { MessagePort } from 'node:worker_threads';
import type { TaskLine } from '../contract/task-line.ts';
import { SoftTimeLimitExceeded } from '../errors.ts';
import type { FromTask, ToTask } from '../threads/task-channel.ts';
import { PendingSends } from './pending-sends.ts';

/** A task's line over the port, and a signal that is aborted when the port says so. */
export function openPortLine(port: MessagePort): { readonly line: TaskLine; readonly signal: AbortSignal } {
  const controller = new AbortController();
  const sends = new PendingSends();
  const post = (message: FromTask) => port.postMessage(message);
  port.on('message', (message: ToTask) => {
    if (message.type === 'soft-limit') controller.abort(new SoftTimeLimitExceeded(message.message));
    else sends.answer(message);
  });
  const line: TaskLine = {
    progress: (state, meta) => post({ type: 'progress', state, meta }),
    send: (signature) => sends.open((call) => post({ type: 'send', call, signature })),
  };
  return { line, signal: controller.signal };
}
