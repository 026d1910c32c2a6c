/** Asks the workers of this package to tell this client of a task that another process has sent. */
import type { Transport } from '../contract/transport.ts';
import { encodeControlRequest, NODE_CONTROL_EXCHANGE } from '../protocol/control.ts';
import { openOnce } from './open-once.ts';

/**
 * Resolves when the broker has the request. Nothing comes of it when no worker of this package runs the task.
 *
 * @param listen opens this client's reply queue.
 */
export type WatchRequest = (taskId: string) => Promise<void>;

export function createWatchRequest(transport: Transport, listen: () => Promise<void>): WatchRequest {
  // The exchange of the requests is declared together with the queue for replies to them.
  const declare = openOnce(() => transport.onControlReply(() => undefined));
  return async (taskId) => {
    await Promise.all([listen(), declare()]);
    const request = { method: 'watch', arguments: { task_id: taskId, reply_to: transport.oid } };
    await transport.publish(encodeControlRequest(request, NODE_CONTROL_EXCHANGE));
  };
}
