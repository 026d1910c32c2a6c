/** Counts task events as celery-exporter would, whether they are sent or not. */
import { UNREGISTERED } from '../metrics/cardinality.ts';
import type { CeleryMetrics } from '../metrics/celery.ts';
import type { TaskEvents } from './events.ts';
import type { Request } from './node.ts';
import { waitOf } from './waiting-time.ts';

/** @param celery - null where nobody wants to know. @param tasks - those that are registered. */
export function countEvents(
  events: TaskEvents,
  celery: CeleryMetrics | null,
  tasks: ReadonlyMap<string, unknown>,
): TaskEvents {
  if (celery === null) return events;
  const taskOf = ({ message, delivery }: Request) => ({
    name: tasks.has(message.taskName) ? message.taskName : UNREGISTERED,
    queue: delivery.alias,
  });
  return {
    received(request) {
      celery.happened('received', taskOf(request));
      events.received(request);
    },
    started(request) {
      celery.happened('started', taskOf(request));
      const wait = waitOf(request);
      if (wait !== null) celery.waited(wait, taskOf(request));
      events.started(request);
    },
    succeeded(request, result, seconds) {
      celery.happened('succeeded', taskOf(request));
      celery.ran(seconds, taskOf(request));
      events.succeeded(request, result, seconds);
    },
    failed(request, error) {
      celery.failed(taskOf(request), error.excType);
      events.failed(request, error);
    },
    retried(request, error) {
      celery.happened('retried', taskOf(request));
      events.retried(request, error);
    },
    revoked(request, how) {
      celery.happened('revoked', taskOf(request));
      events.revoked(request, how);
    },
    rejected(request, how) {
      celery.happened('rejected', taskOf(request));
      events.rejected(request, how);
    },
  };
}
