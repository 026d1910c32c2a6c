/**
 * The unit of work as the supervisor hands it to an executor, and what comes back.
 *
 * Words used here and everywhere:
 * - *task*: what a client submits; *job*: one run of it in an executor.
 * - *supervisor*: the process that talks to the broker; *executor*: the forked process that runs tasks,
 *   one per *slot*; *thread*: a piscina thread inside an executor.
 */

/** A task's id as on the wire: a UUID by convention, any short string by contract. */
export type TaskId = string & { readonly __brand: 'TaskId' };

/** JSON text in kombu's dialect (see protocol/json.ts): NaN, Infinity and `__type__` markers may occur. */
export type JsonText = string & { readonly __brand: 'JsonText' };

/** One run of a task. Crosses the IPC channel as JSON. */
export interface Job {
  readonly taskId: TaskId;
  readonly taskName: string;
  /** JSON text of the message body `[args, kwargs, embed]`, decoded by the executor only. */
  readonly body: JsonText;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly retries: number;
  /** Id of the group that it is a member of, and its place in it. */
  readonly groupId: string | null;
  readonly groupIndex: number | null;
  /** Stamps by name (`headers.stamps`), as plain JSON. */
  readonly stamps: Readonly<Record<string, unknown>>;
  /** Seconds after which the task is asked to stop (`SoftTimeLimitExceeded`), null for none. */
  readonly softTimeLimit: number | null;
  /** Bytes that the text of its result may have: the supervisor has no room for more. */
  readonly resultLimit: number;
  /** The nodename of the worker that runs it. */
  readonly hostname: string;
}

/** An error as it travels: Celery's `{exc_type, exc_module, exc_message}` and a traceback text. */
export interface ErrorRecord {
  readonly excType: string;
  readonly excModule: string;
  /** The arguments of the Python exception: usually one, the message. */
  readonly excMessage: readonly unknown[];
  readonly traceback: string | null;
}

/** How a job ended, as its executor reports it. A union, never a throw. */
export type Outcome =
  | { readonly kind: 'success'; readonly result: JsonText }
  /** `expected`: with an error that the task's definition announces. */
  | { readonly kind: 'failure'; readonly error: ErrorRecord; readonly expected?: true }
  /** It shall run again: the same task id, one retry more. `error` is why, shown in the state RETRY. */
  | {
      readonly kind: 'retry';
      readonly error: ErrorRecord;
      /** Seconds until then. */
      readonly countdown: number;
      /** `[args, kwargs]` of the next run in kombu's JSON; null: those of this one. */
      readonly input: JsonText | null;
    }
  /** Another signature, as JSON text, takes its place: under its id, with what comes after it. */
  | { readonly kind: 'replaced'; readonly signature: JsonText }
  /** It is acknowledged, and nothing is stored (Celery's `Ignore`). */
  | { readonly kind: 'ignored' }
  /** It goes back to its queue, or is rejected and fails (Celery's `Reject`). */
  | { readonly kind: 'rejected'; readonly requeue: boolean; readonly error: ErrorRecord }
  /** A service that it needs is away: it runs again when that is back. `reason` says which. */
  | { readonly kind: 'unavailable'; readonly reason: string };
