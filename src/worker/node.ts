/** What the parts of a worker node share: its identity, its connections and what it holds now. */
import type { Backends } from '../backend/backends.ts';
import type { Delivery } from '../broker/consumer.ts';
import type { Settings } from '../config.ts';
import type { TaskManifest } from '../contract/ipc.ts';
import type { Publisher } from '../contract/transport.ts';
import type { Clock } from '../control/clock.ts';
import type { EventDispatcher } from '../control/event-dispatcher.ts';
import type { Executors } from '../executors/executors.ts';
import type { Joins } from '../ledger/joins.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Router } from '../protocol/routes.ts';
import type { Encoding } from '../protocol/serializers.ts';
import type { Verify } from '../protocol/signed-body.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import type { Delays } from './delays.ts';
import type { TaskEvents } from './events.ts';
import type { Holds } from './holds.ts';
import type { Outage } from './outage.ts';
import type { RateLimits } from './rate-limits.ts';
import type { RevokedTasks } from './revoked.ts';
import type { Watches } from './watches.ts';

/** How a delivery is settled with the broker. */
export type Settlement = 'ack' | 'requeue' | 'reject';

/** A task in this worker, from its receipt to its settlement. */
export interface Request {
  readonly message: TaskMessage;
  readonly delivery: Delivery;
  /** When it was handed to the executors, in milliseconds since the epoch; null while it is held for its ETA. */
  waitingSince: number | null;
  /** When it started to run; null before. */
  startedAt: number | null;
  /** Process of the executor that runs it. */
  pid: number | null;
  /** By which it holds the run in the ledger; null while it does not. */
  lease: string | null;
  /** Whether it has ended an executor before. */
  suspect: boolean;
  /** Whether its delivery was acknowledged while it runs: a copy waits in the parked queue. */
  handedOver: boolean;
}

export interface WorkerNode {
  /** The nodename, `name@host`. */
  readonly hostname: string;
  readonly executors: Executors;
  readonly settings: Settings;
  /** What the executors can run, by name. Remote control replaces a task's limits here. */
  readonly tasks: Map<string, TaskManifest>;
  readonly publisher: Publisher;
  /** Where the tasks go that it sends. */
  readonly router: Router;
  /** How the tasks are written that it sends. */
  readonly encoding: Encoding;
  /** Of signed messages; undefined where none are accepted. */
  readonly verify: Verify | undefined;
  /** Declares a task queue as Celery does, where it is missing. */
  readonly declareQueue: (queue: string) => Promise<void>;
  /** For messages that shall arrive later. */
  readonly delays: Delays;
  readonly rateLimits: RateLimits;
  /** For messages that cannot run. */
  readonly deadLetters: Publisher;
  /** For copies of messages whose task runs. */
  readonly parking: Publisher;
  readonly backend: Backends;
  readonly ledger: Ledger;
  /** Chords of our own clients. */
  readonly joins: Joins;
  readonly metrics: Metrics;
  readonly events: TaskEvents;
  /** Sends the events. */
  readonly dispatcher: EventDispatcher;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is in the worker now, and how its delivery will be settled. */
  readonly requests: Map<Request, Promise<Settlement>>;
  /** Deliveries so far by task name, and when the last one came, in milliseconds since the epoch. */
  readonly received: Map<string, { total: number; last: number }>;
  readonly revoked: RevokedTasks;
  /** Why it takes nothing more for now. */
  readonly holds: Holds;
  readonly outage: Outage;
  /** Clients that want to be told of the end of tasks that they have not sent. */
  readonly watches: Watches;
  /** Aborted when the worker stops: what waits then goes back to the queue. */
  readonly stopping: AbortSignal;
}

/** Seconds that a task has run so far; 0 before it has started. */
export function secondsOf({ startedAt }: Request): number {
  return startedAt === null ? 0 : (Date.now() - startedAt) / 1000;
}

/** Whether it waits for its ETA, and not for a slot. */
export function isHeld({ waitingSince, startedAt, message }: Request): boolean {
  return waitingSince === null && startedAt === null && (message.eta?.getTime() ?? 0) > Date.now();
}
