/** Messages that cannot run: those that are no task are answered, and a copy of each is kept in the dead queue. */
import type { Delivery } from '../broker/consumer.ts';
import type { Publication } from '../contract/transport.ts';
import {
  ContentDisallowed,
  NotRegistered,
  type OmegaError,
  ProtocolError,
  SecurityError,
  WorkerLostError,
} from '../errors.ts';
import { UNREGISTERED } from '../metrics/cardinality.ts';
import { bareDeadLetter, deadLetter } from '../protocol/dead-letter.ts';
import { readResultAddress } from '../protocol/decode-task.ts';
import { limitedQueueOf } from '../protocol/delivery-limit.ts';
import { toErrorRecord } from '../protocol/exception.ts';
import { errorResult, type ResultAddress } from '../protocol/result.ts';
import { isPermanent } from './durably.ts';
import type { WorkerNode } from './node.ts';

/** Why a message is refused. */
export type Refusal = ContentDisallowed | ProtocolError | SecurityError;

/** Most characters of a message's error in a line of the log. */
const MAX_LOGGED = 1_000;

export function isRefusal(error: unknown): error is Refusal {
  return (
    error instanceof ContentDisallowed || error instanceof ProtocolError || error instanceof SecurityError
  );
}

/**
 * Tells whose message it was that it failed, and puts a copy into the dead queue; resolves when both are durable,
 * so that it may be rejected.
 */
export async function refuse(node: WorkerNode, delivery: Delivery, error: Refusal): Promise<void> {
  const address = readResultAddress(delivery, node.settings.acceptContent, node.verify);
  node.metrics.taskEvent('rejected', UNREGISTERED, delivery.alias);
  node.logger.error(
    { task_id: address?.taskId, queue: delivery.queue },
    `message rejected: ${error.message.slice(0, MAX_LOGGED)}`,
  );
  if (address) await storeFailure(node, address, error);
  await bury(node, delivery, error);
}

/**
 * Puts a copy of a message into `<queue>.dead`; resolves when the broker has confirmed it. What the broker can never
 * be given again is left out, and logged.
 */
export async function bury(node: WorkerNode, delivery: Delivery, error: OmegaError): Promise<void> {
  const queue = limitedQueueOf(delivery.headers) ?? delivery.alias;
  if (!(await publish(node, deadLetter(delivery, queue, error.message)))) {
    await publish(node, bareDeadLetter(delivery, queue, error.message));
  }
  node.metrics.buried(delivery.alias, causeOf(error));
}

function causeOf(error: OmegaError): 'malformed' | 'unregistered' | 'poison' {
  if (error instanceof NotRegistered) return 'unregistered';
  return error instanceof WorkerLostError ? 'poison' : 'malformed';
}

async function storeFailure(node: WorkerNode, address: ResultAddress, error: Refusal): Promise<void> {
  try {
    await node.backend.store(errorResult(address, { ...toErrorRecord(error), traceback: null }));
  } catch (err) {
    if (!isPermanent(err)) throw err;
    node.logger.error({ task_id: address.taskId, err }, 'the failure cannot be stored or sent');
  }
}

/** False when the message can never be sent. */
async function publish(node: WorkerNode, letter: Publication): Promise<boolean> {
  try {
    await node.deadLetters.publish(letter);
    return true;
  } catch (err) {
    if (!isPermanent(err)) throw err;
    node.logger.error({ queue: letter.routingKey, err }, 'a dead message cannot be copied as it is');
    return false;
  }
}
