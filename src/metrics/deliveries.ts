/** Deliveries: how often they come again, and how they are settled. */
import type { Cap } from './cardinality.ts';
import type { Instruments } from './instruments.ts';

/** `stale`: the broker had taken the delivery back. */
const SETTLEMENTS = ['ack', 'requeue', 'reject', 'stale'] as const;

/** Why a message cannot run: it cannot be read, nobody knows its task, or it has ended whatever ran it. */
const DEATHS = ['malformed', 'unregistered', 'poison'] as const;

export interface DeliveryMetrics {
  redelivered(task: string, queue: string): void;
  acknowledged(queue: string, result: (typeof SETTLEMENTS)[number]): void;
  /** A copy of a task that runs is put aside. */
  parked(queue: string): void;
  /** A message that cannot run is kept in its dead queue. */
  buried(queue: string, reason: (typeof DEATHS)[number]): void;
  expectDeliveries(tasks: Iterable<string>, names: Iterable<string>): void;
}

export function createDeliveryMetrics({ counter }: Instruments, queues: Cap): DeliveryMetrics {
  const redeliveries = counter(
    'omega_task_redeliveries_total',
    'Deliveries that the broker had delivered before',
    'task',
    'queue',
  );
  const acks = counter('omega_task_acks_total', 'Deliveries by how they were settled', 'queue', 'result');

  const parked = counter(
    'omega_task_parked_total',
    'Copies of tasks that run, put aside so that their delivery could be acknowledged',
    'queue',
  );
  const buried = counter(
    'omega_task_dead_letters_total',
    'Messages that could not run and are kept in a dead queue',
    'queue',
    'reason',
  );

  return {
    redelivered: (task, queue) => redeliveries.inc({ task, queue: queues.of(queue) }),
    acknowledged: (queue, result) => acks.inc({ queue: queues.of(queue), result }),
    parked: (queue) => parked.inc({ queue: queues.of(queue) }),
    buried: (queue, reason) => buried.inc({ queue: queues.of(queue), reason }),
    expectDeliveries(tasks, names) {
      for (const queue of names) {
        for (const result of SETTLEMENTS) acks.inc({ queue: queues.of(queue), result }, 0);
        for (const reason of DEATHS) buried.inc({ queue: queues.of(queue), reason }, 0);
        parked.inc({ queue: queues.of(queue) }, 0);
        for (const task of tasks) redeliveries.inc({ task, queue: queues.of(queue) }, 0);
      }
    },
  };
}
