/** Events as a client reads them, by type and with names of this package (celery/events/state.py). */
import type { WireEvent } from './event.ts';

/** What every event has. */
interface EventBase {
  /** Nodename of the worker; `gen<pid>@<host>` of a client. */
  readonly hostname: string;
  /** When it was sent, by the sender's clock. */
  readonly time: Date;
  /** Lamport clock of the sender: orders the events of different machines. */
  readonly clock: number;
  /** All fields, as they are on the wire. */
  readonly fields: WireEvent;
}

interface TaskEventBase extends EventBase {
  readonly taskId: string;
}

/** What is told of a task when it is sent, and when it is received. */
interface TaskCallEvent extends TaskEventBase {
  readonly taskName: string | null;
  /** Arguments as Python text. */
  readonly args: string | null;
  readonly kwargs: string | null;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly retries: number | null;
}

/** A client has sent a task (Celery's `task_send_sent_event`). */
interface TaskSentEvent extends TaskCallEvent {
  readonly type: 'task-sent';
  readonly queue: string | null;
}

interface TaskReceivedEvent extends TaskCallEvent {
  readonly type: 'task-received';
}

interface TaskStartedEvent extends TaskEventBase {
  readonly type: 'task-started';
}

interface TaskSucceededEvent extends TaskEventBase {
  readonly type: 'task-succeeded';
  /** As Python text. */
  readonly result: string | null;
  /** Seconds. */
  readonly runtime: number | null;
}

interface TaskFailedEvent extends TaskEventBase {
  readonly type: 'task-failed' | 'task-retried';
  /** As Python text: `ValueError('no')`. */
  readonly exception: string | null;
  readonly traceback: string | null;
}

interface TaskRevokedEvent extends TaskEventBase {
  readonly type: 'task-revoked';
  readonly terminated: boolean;
  readonly expired: boolean;
}

interface TaskRejectedEvent extends TaskEventBase {
  readonly type: 'task-rejected';
  readonly requeue: boolean;
}

interface WorkerEvent extends EventBase {
  readonly type: 'worker-online' | 'worker-heartbeat' | 'worker-offline';
  /** Seconds until the next heartbeat. */
  readonly interval: number | null;
  /** Tasks that run. */
  readonly active: number | null;
  /** Tasks received so far. */
  readonly processed: number | null;
}

/** An event that tasks or workers made up themselves; `fields.type` says which. */
interface OtherEvent extends EventBase {
  readonly type: 'other';
}

export type ClusterEvent =
  | TaskSentEvent
  | TaskReceivedEvent
  | TaskStartedEvent
  | TaskSucceededEvent
  | TaskFailedEvent
  | TaskRevokedEvent
  | TaskRejectedEvent
  | WorkerEvent
  | OtherEvent;

/** Never throws: what is not as it should be is null. */
export function readEvent(event: WireEvent): ClusterEvent {
  const { hostname, clock, timestamp } = event;
  const base = { hostname, time: new Date(timestamp * 1000), clock, fields: event };
  return readTaskEvent(event, base) ?? readWorkerEvent(event, base) ?? { ...base, type: 'other' };
}

function readTaskEvent(event: WireEvent, base: EventBase): ClusterEvent | undefined {
  const task = { ...base, taskId: String(event.uuid) };
  switch (event.type) {
    case 'task-sent':
      return { ...task, ...readCall(event), type: event.type, queue: textOf(event.queue) };
    case 'task-received':
      return { ...task, ...readCall(event), type: event.type };
    case 'task-started':
      return { ...task, type: event.type };
    case 'task-succeeded':
      return { ...task, type: event.type, result: textOf(event.result), runtime: numberOf(event.runtime) };
    case 'task-failed':
    case 'task-retried': {
      const { type, exception, traceback } = event;
      return { ...task, type, exception: textOf(exception), traceback: textOf(traceback) };
    }
    case 'task-revoked': {
      const { type, terminated, expired } = event;
      return { ...task, type, terminated: terminated === true, expired: expired === true };
    }
    case 'task-rejected':
      return { ...task, type: event.type, requeue: event.requeue === true };
  }
  return undefined;
}

function readCall({ name, args, kwargs, root_id, parent_id, retries }: WireEvent) {
  return {
    taskName: textOf(name),
    args: textOf(args),
    kwargs: textOf(kwargs),
    rootId: textOf(root_id),
    parentId: textOf(parent_id),
    retries: numberOf(retries),
  };
}

function readWorkerEvent(event: WireEvent, base: EventBase): WorkerEvent | undefined {
  const { type, freq, active, processed } = event;
  if (type !== 'worker-online' && type !== 'worker-heartbeat' && type !== 'worker-offline') return undefined;
  const load = { active: numberOf(active), processed: numberOf(processed) };
  return { ...base, type, interval: numberOf(freq), ...load };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
