/** What a task in its thread and the main thread of its executor say to each other, and the main thread's side. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { copyError, type ErrorCopy } from '../contract/error-copy.ts';
import type { JsonText } from '../contract/job.ts';
import type { TaskLine } from '../contract/task-line.ts';

export type ToTask =
  /** The soft time limit is over: the text of the error. */
  | { readonly type: 'soft-limit'; readonly message: string }
  /** The answer to one `send`. */
  | { readonly type: 'sent'; readonly call: number; readonly taskId: string }
  | { readonly type: 'unsent'; readonly call: number; readonly error: ErrorCopy };

export type FromTask =
  | { readonly type: 'progress'; readonly state: string; readonly meta: JsonText }
  | { readonly type: 'send'; readonly call: number; readonly signature: JsonText };

/** Passes on what the task says, and the abortion of the signal, until it is told to stop. */
export function serveTask(port: MessagePort, signal: AbortSignal, line: TaskLine): () => void {
  const post = (message: ToTask) => port.postMessage(message);
  const announce = () => post({ type: 'soft-limit', message: signal.reason.message });
  signal.addEventListener('abort', announce, { once: true });
  port.on('message', (message: FromTask) => handle(message, line, post));
  return () => {
    signal.removeEventListener('abort', announce);
    // The outcome comes by another port and may overtake what the task said before.
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
      handle(next.message, line, post);
    }
    port.close();
  };
}

function handle(message: FromTask, line: TaskLine, post: (answer: ToTask) => void): void {
  if (message.type === 'progress') {
    line.progress(message.state, message.meta);
    return;
  }
  const { call, signature } = message;
  line.send(signature).then(
    (taskId) => post({ type: 'sent', call, taskId }),
    (error) => post({ type: 'unsent', call, error: copyError(error) }),
  );
}
