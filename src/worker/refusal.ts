/** Messages that are no task: answered where their id can be read, and rejected. */
import type { Delivery } from '../broker/consumer.ts';
import type { ContentDisallowed, ProtocolError } from '../errors.ts';
import { readResultAddress } from '../protocol/decode-task.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { errorResult } from '../protocol/result.ts';
import type { WorkerNode } from './node.ts';

/** Tells whose message it was that it failed; resolves when that is durable, so that it may be rejected. */
export async function refuse(
  node: WorkerNode,
  delivery: Delivery,
  error: ProtocolError | ContentDisallowed,
): Promise<void> {
  const address = readResultAddress(delivery, node.settings.acceptContent);
  node.metrics.taskEvent('rejected', 'unregistered', delivery.queue);
  node.logger.error(
    { task_id: address?.taskId, queue: delivery.queue },
    `message rejected: ${error.message}`,
  );
  if (address) await node.backend.store(errorResult(address, { ...toErrorRecord(error), traceback: null }));
}
