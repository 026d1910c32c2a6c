/** The queues that a worker consumes (celery/worker/worker.py `setup_queues`). */
import { randomUUID } from 'node:crypto';
import type { Settings } from '../config.ts';
import { directBinding, type QueueBinding, type TaskQueue } from '../contract/queue.ts';
import { ImproperlyConfigured } from '../errors.ts';

type QueueSettings = Pick<
  Settings,
  | 'queues'
  | 'defaultQueue'
  | 'taskQueues'
  | 'excludeQueues'
  | 'createMissingQueues'
  | 'workerDirect'
  | 'deliveryLimitQueue'
>;

/** Exchange of the queues of single workers (celery/utils/nodenames.py). */
const WORKER_DIRECT_EXCHANGE = 'C.dq2';

/** @throws ImproperlyConfigured if there is none, or one that is not known and may not be created. */
export function consumedQueues(settings: QueueSettings, hostname: string): readonly QueueBinding[] {
  const names = [...new Set(settings.queues)].filter((name) => !settings.excludeQueues.includes(name));
  const queues = names.map((name) => configuredQueue(settings, name) ?? missingQueue(settings, name));
  if (settings.workerDirect) queues.push(workerDirect(hostname));
  if (queues.length === 0) {
    throw new ImproperlyConfigured(
      'every queue is excluded: leave one to consume (-X, OMEGA_EXCLUDE_QUEUES)',
    );
  }
  const { deliveryLimitQueue: limited } = settings;
  return limited === undefined ? queues : [...queues, directBinding(limited)];
}

/** Those that stay when the worker goes: not the ones that each worker makes for itself. @throws ImproperlyConfigured */
export function lastingQueues(settings: QueueSettings): readonly QueueBinding[] {
  return consumedQueues({ ...settings, workerDirect: false }, '').filter(({ alias }) => alias === undefined);
}

/** The queue of the settings of that name; null where there is none. */
export function configuredQueue(
  { taskQueues }: Pick<Settings, 'taskQueues'>,
  name: string,
): QueueBinding | null {
  const queue = taskQueues.find((each) => each.name === name);
  if (!queue) return null;
  return queue.broadcast ? ownQueue(queue) : queue;
}

/** One of this worker's own (kombu/common.py `Broadcast`). */
function ownQueue(queue: TaskQueue): QueueBinding {
  return { ...queue, name: `bcast.${randomUUID()}`, alias: queue.name };
}

function missingQueue(
  { createMissingQueues, defaultQueue, queues }: QueueSettings,
  name: string,
): QueueBinding {
  if (createMissingQueues || name === (defaultQueue ?? queues[0])) return directBinding(name);
  throw new ImproperlyConfigured(
    `there is no queue '${name}' in OMEGA_TASK_QUEUES, and OMEGA_CREATE_MISSING_QUEUES is off: add it there, or consume another one`,
  );
}

function workerDirect(hostname: string): QueueBinding {
  const binding = { exchange: WORKER_DIRECT_EXCHANGE, exchangeType: 'direct', routingKey: hostname } as const;
  return { name: `${hostname}.dq2`, ...binding };
}
