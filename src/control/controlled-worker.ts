/** What remote control may see and do of a worker: the port between the commands and the worker. */
import type { TaskManifest } from '../contract/ipc.ts';
import type { QueueBinding } from '../contract/queue.ts';
import type {
  AutoscalerStats,
  QueueInfo,
  RequestInfo,
  ScheduledTask,
  WorkerStats,
} from '../protocol/control-replies.ts';
import type { Fields } from '../protocol/fields.ts';
import type { Clock } from './clock.ts';

/** Most and fewest slots. */
export interface ScaleRange {
  readonly most: number;
  readonly fewest: number;
}

export interface ControlledWorker {
  readonly hostname: string;
  readonly clock: Clock;
  /** Tasks that can run here, by name; a command replaces a task's limits here. */
  readonly tasks: Map<string, TaskManifest>;
  /** Names of Celery's own tasks that run here. */
  readonly builtins: readonly string[];
  /** Whether task events are sent. */
  taskEvents: boolean;
  /** Tasks that run; with `safe` their arguments as text. */
  active(safe?: boolean): RequestInfo[];
  /** Tasks that wait for a slot. */
  reserved(): RequestInfo[];
  /** Tasks that wait for their ETA. */
  scheduled(): ScheduledTask[];
  queues(): QueueInfo[];
  stats(): WorkerStats;
  /** Settings by Celery's names, without secrets; those with their default value only on request. */
  settings(withDefaults: boolean): Fields;
  /** For bug reports, without secrets. */
  report(): string;
  /** Marks tasks as revoked, whichever worker gets them. */
  revoke(taskIds: readonly string[]): Promise<void>;
  /** Kills the executors of tasks, and takes them from those that wait. @returns those that were here. */
  terminate(taskIds: readonly string[]): readonly string[];
  revoked(): readonly string[];
  /** Marks tasks with any of these stamps as revoked. */
  revokeStamped(stamps: Stamps): Promise<void>;
  /** The ids of running tasks with any of these stamps, each with the stamps by which it was found. */
  runningWith(stamps: Stamps): ReadonlyMap<string, Stamps>;
  /** Notes the revoked ids of another worker. */
  mergeRevoked(taskIds: readonly string[]): void;
  /** @throws InvalidName, ImproperlyConfigured */
  addQueue(binding: QueueBinding): void;
  cancelQueue(name: string): void;
  /** Changes the number of slots; what runs goes on. */
  resize(slots: number): void;
  readonly slots: number;
  /** Replaces the executors by fresh ones; what runs goes on until its end. */
  renew(): void;
  /** Null without autoscaling. */
  readonly autoscaler: { readonly stats: AutoscalerStats; scale(range: ScaleRange): void } | null;
  /** Sends a heartbeat event. @param interval seconds until the next one is to be expected. */
  beat(interval: number): void;
  /** A client wants to be told when a task ends. */
  watch(taskId: string, replyTo: string): void;
  /** Warm shutdown. */
  shutdown(): void;
}

/** Values of stamps by the stamp's name. */
export type Stamps = Readonly<Record<string, readonly string[]>>;
