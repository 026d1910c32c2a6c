/** Declares what workers declare, before there is one. */

import { CELERY_CLUSTER } from '../contract/cluster.ts';
import type { QueueBinding } from '../contract/queue.ts';
import { deadQueueOf } from '../protocol/dead-letter.ts';
import { isParkable, parkedQueueOf } from '../protocol/parked.ts';
import { type BrokerOptions, createSession, prepareDelayed } from './broker.ts';
import {
  checkQueueName,
  declareBoundQueue,
  declareDeadQueue,
  declareParkedQueue,
  declareSharedExchanges,
} from './topology.ts';

/** A queue that was declared, or was there, with those that belong to it. */
export interface DeclaredQueue {
  readonly queue: string;
  readonly exchange: string;
  /** Of what cannot run. */
  readonly dead: string;
  /** Of copies of long tasks; null where the name is too long for one. */
  readonly parked: string | null;
}

/**
 * Task queues with their exchanges and bindings, the queues of what cannot run and of long tasks, the delay queues, and
 * the exchanges of remote control and events. What is there stays as it is.
 *
 * @throws OperationalError without a connection, or where the broker refuses; InvalidName
 */
export async function declareTopology(
  options: BrokerOptions,
  queues: readonly QueueBinding[],
): Promise<readonly DeclaredQueue[]> {
  for (const { name } of queues) checkQueueName(name);
  const session = createSession(options, 'declare');
  try {
    await session.connect({ retry: false });
    await session.perform('declare the exchanges of remote control and events', (connection) =>
      declareSharedExchanges(connection, options.names ?? CELERY_CLUSTER),
    );
    const declared: DeclaredQueue[] = [];
    for (const binding of queues) {
      const own = withOwnQueues(binding);
      const { queue, dead, parked } = own;
      await session.perform(`declare queue '${queue}'`, async (connection) => {
        await declareBoundQueue(connection, binding, options.queues);
        await declareDeadQueue(connection, dead);
        if (parked !== null) await declareParkedQueue(connection, parked);
      });
      await prepareDelayed(session, queue, options.queues);
      declared.push(own);
    }
    return declared;
  } finally {
    await session.close();
  }
}

function withOwnQueues({ name, exchange }: QueueBinding): DeclaredQueue {
  const parked = isParkable(name) ? parkedQueueOf(name) : null;
  return { queue: name, exchange, dead: deadQueueOf(name), parked };
}
