/** What workers answer to remote control, by the names on the wire (celery/worker/control.py). */

/** A task that is in a worker (celery/worker/request.py `Request.info`). */
export interface RequestInfo {
  readonly id: string;
  readonly name: string;
  /** The values; with `safe` their `repr`. */
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly type: string;
  readonly hostname: string;
  /** Seconds since the epoch, null while it has not started. */
  readonly time_start: number | null;
  readonly acknowledged: boolean;
  readonly delivery_info: {
    readonly exchange: string;
    readonly routing_key: string;
    readonly priority: number | null;
    readonly redelivered: boolean;
  };
  readonly worker_pid: number | null;
}

/** A task that waits in a worker for its ETA. */
export interface ScheduledTask {
  /** ISO 8601. */
  readonly eta: string | null;
  /** Of the worker's timer, not of the message. */
  readonly priority: number;
  readonly request: RequestInfo;
}

/** Where a task is in its worker. */
export type TaskPlace = 'active' | 'reserved' | 'scheduled' | 'ready';

/** A queue that a worker consumes, as kombu describes it. Readers need every key to be there. */
export interface QueueInfo {
  readonly name: string;
  readonly exchange: {
    readonly name: string;
    readonly type: string;
    readonly arguments: object | null;
    readonly durable: boolean;
    readonly passive: boolean;
    readonly auto_delete: boolean;
    readonly delivery_mode: number | null;
    readonly no_declare: boolean;
  };
  readonly routing_key: string;
  readonly queue_arguments: object | null;
  readonly binding_arguments: object | null;
  readonly consumer_arguments: object | null;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly auto_delete: boolean;
  readonly no_ack: boolean;
  readonly alias: string | null;
  readonly bindings: readonly unknown[];
  readonly no_declare: boolean | null;
  readonly expires: number | null;
  readonly message_ttl: number | null;
  readonly max_length: number | null;
  readonly max_length_bytes: number | null;
  readonly max_priority: number | null;
}

/** `inspect stats`. */
export interface WorkerStats {
  /** Tasks received so far, by name. */
  readonly total: Readonly<Record<string, number>>;
  readonly pid: number;
  /** Lamport clock; Celery sends it as text. */
  readonly clock: string;
  /** Seconds since the worker started. */
  readonly uptime: number;
  readonly pool: PoolStats;
  readonly broker: BrokerStats;
  /** Deliveries that the broker lets the worker have at once. */
  readonly prefetch_count: number;
  /** What the operating system counts (`getrusage`); times in seconds, `maxrss` in KiB. */
  readonly rusage: Readonly<Record<string, number>>;
  /** Only with autoscaling. */
  readonly autoscaler?: AutoscalerStats;
}

interface PoolStats {
  readonly implementation: string;
  readonly 'max-concurrency': number;
  /** Process ids. */
  readonly processes: readonly number[];
  /** `N/A` for no limit. */
  readonly 'max-tasks-per-child': number | 'N/A';
  readonly 'put-guarded-by-semaphore': boolean;
  /** Soft and hard time limit in seconds, 0 for none. */
  readonly timeouts: readonly [soft: number, hard: number];
  /** Jobs handed to the processes. */
  readonly writes: {
    readonly strategy: string;
    readonly inqueues: { readonly total: number; readonly active: number };
  };
}

interface BrokerStats {
  readonly hostname: string;
  readonly userid: string;
  readonly virtual_host: string;
  readonly port: number;
  readonly insist: boolean;
  readonly ssl: boolean;
  readonly transport: string;
  readonly transport_options: object;
  readonly login_method: string;
  readonly uri_prefix: string | null;
  /** Seconds. */
  readonly heartbeat: number;
  /** Further brokers to go to. */
  readonly alternates: readonly string[];
  readonly credential_provider: string | null;
}

export interface AutoscalerStats {
  /** Most and fewest slots. */
  readonly max: number;
  readonly min: number;
  /** Slots now. */
  readonly current: number;
  /** Tasks in the worker, without those that wait for their ETA. */
  readonly qty: number;
}

/** The answer of a command that does something. */
export type Acknowledgement = { readonly ok: string } | { readonly error: string };
