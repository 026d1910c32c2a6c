/** Deliveries: how often they come again, and how they are settled. */
import type { Cap } from './cardinality.ts';
import type { Instruments } from './instruments.ts';

/** `stale`: the broker had taken the delivery back. */
const SETTLEMENTS = ['ack', 'requeue', 'reject', 'stale'] as const;

export interface DeliveryMetrics {
  redelivered(task: string, queue: string): void;
  acknowledged(queue: string, result: (typeof SETTLEMENTS)[number]): void;
  expectDeliveries(tasks: Iterable<string>, queues: Iterable<string>): void;
}

export function createDeliveryMetrics({ counter }: Instruments, queueOf: Cap): DeliveryMetrics {
  const redeliveries = counter(
    'omega_task_redeliveries_total',
    'Deliveries that the broker had delivered before',
    'task',
    'queue',
  );
  const acks = counter('omega_task_acks_total', 'Deliveries by how they were settled', 'queue', 'result');

  return {
    redelivered: (task, queue) => redeliveries.inc({ task, queue: queueOf(queue) }),
    acknowledged: (queue, result) => acks.inc({ queue: queueOf(queue), result }),
    expectDeliveries(tasks, queues) {
      for (const queue of queues) {
        for (const result of SETTLEMENTS) acks.inc({ queue: queueOf(queue), result }, 0);
        for (const task of tasks) redeliveries.inc({ task, queue: queueOf(queue) }, 0);
      }
    },
  };
}
