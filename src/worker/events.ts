/** What other programs hear of the tasks in this worker (Celery's task events). */

import type { ErrorRecord, JsonText } from '../contract/job.ts';
import type { EventDispatcher } from '../control/event-dispatcher.ts';
import type { Fields } from '../protocol/fields.ts';
import { failedFields, receivedFields, succeededFields } from '../protocol/task-events.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import type { Request } from './node.ts';

/** One function for each event; none waits, and none throws. */
export interface TaskEvents {
  received(request: Request): void;
  started(request: Request): void;
  /** `seconds`: its run time. */
  succeeded(request: Request, result: JsonText, seconds: number): void;
  failed(request: Request, error: ErrorRecord): void;
  retried(request: Request, error: ErrorRecord): void;
  revoked(
    request: Request,
    how: { readonly terminated: boolean; readonly signum: number | null; readonly expired: boolean },
  ): void;
  rejected(request: Request, how: { readonly requeue: boolean }): void;
}

/** The events of the tasks, sent while task events are enabled. */
export function createTaskEvents(dispatcher: EventDispatcher): TaskEvents {
  /** The fields are made only if they are sent: a `repr` costs more than a short task. */
  function send(type: string, { message }: Request, fields: (message: TaskMessage) => Fields): void {
    if (dispatcher.taskEvents) dispatcher.sendTask(type, fields(message));
  }

  return {
    received: (request) => send('task-received', request, receivedFields),
    started: (request) => send('task-started', request, ({ taskId }) => ({ uuid: taskId })),
    succeeded: (request, result, seconds) =>
      send('task-succeeded', request, (message) => succeededFields(message, result, seconds)),
    failed: (request, error) => send('task-failed', request, (message) => failedFields(message, error)),
    retried: (request, error) => send('task-retried', request, (message) => failedFields(message, error)),
    revoked: (request, how) => send('task-revoked', request, ({ taskId }) => ({ uuid: taskId, ...how })),
    rejected: (request, how) => send('task-rejected', request, ({ taskId }) => ({ uuid: taskId, ...how })),
  };
}
