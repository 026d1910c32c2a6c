/** The commands of remote control as the command line takes them: Celery's names and orders of arguments. */

/** A positional argument; a variadic one is a list. */
type Value = string | readonly string[] | undefined;

export interface RemoteCommand {
  readonly name: string;
  /** Positional arguments, in commander's syntax. */
  readonly usage: string;
  readonly help: string;
  /** The arguments of the command, from the positional ones. */
  argumentsOf(values: readonly Value[]): Record<string, unknown>;
}

/** @param read the positional arguments are as `usage` says. */
function remote<Values extends readonly Value[]>(
  name: string,
  usage: string,
  help: string,
  read: (...values: Values) => Record<string, unknown> = () => ({}),
): RemoteCommand {
  return { name, usage, help, argumentsOf: (values) => read(...(values as Values)) };
}

type Text = string | undefined;

/** `omega inspect` */
export const inspectCommands: readonly RemoteCommand[] = [
  remote('ping', '', 'who answers'),
  remote('active', '', 'tasks that run'),
  remote('reserved', '', 'tasks that wait for a slot'),
  remote('scheduled', '', 'tasks that wait in a worker for their ETA'),
  remote('query_task', '<ids...>', 'where tasks are', (ids: string[]) => ({ ids })),
  remote(
    'registered',
    '[attributes...]',
    'names of the tasks, with attributes such as rate_limit',
    (taskinfoitems: string[]) => ({ taskinfoitems }),
  ),
  remote('active_queues', '', 'queues that are consumed'),
  remote('revoked', '', 'ids of revoked tasks'),
  remote('stats', '', 'counters, processes, broker'),
  remote('conf', '[with_defaults]', "settings by Celery's names", (withDefaults: Text) => ({
    with_defaults: isTrue(withDefaults),
  })),
  remote('report', '', 'versions and settings, for bug reports'),
  remote('clock', '', 'Lamport clock'),
  remote('memsample', '', 'resident memory'),
  remote('memdump', '[samples]', 'memory samples, of Python workers', (samples: Text) => ({
    samples: numberOr(samples, 10),
  })),
  remote(
    'objgraph',
    '[type] [num] [max_depth]',
    'graph of objects, of Python workers',
    (type: Text, num: Text, depth: Text) => ({
      type: type ?? 'Request',
      num: numberOr(num, 200),
      max_depth: numberOr(depth, 10),
    }),
  ),
];

/** `omega control` */
export const controlCommands: readonly RemoteCommand[] = [
  remote('revoke', '<ids...>', 'do not run these tasks', (ids: string[]) => ({ task_id: ids })),
  remote(
    'terminate',
    '<signal> <ids...>',
    'end these tasks, also when they run',
    (signal: string, ids: string[]) => ({ signal, task_id: ids }),
  ),
  remote(
    'revoke_by_stamped_headers',
    '<name=value...>',
    'do not run the tasks with any of these stamps',
    (headers: string[]) => ({ headers }),
  ),
  remote(
    'rate_limit',
    '<task> <rate>',
    'run a task at most 10/s, 100/m or 5/h; 0 for no limit',
    (task: string, rate: string) => ({ task_name: task, rate_limit: rate }),
  ),
  remote(
    'time_limit',
    '<task> <soft> [hard]',
    'time limits of a task in seconds',
    (task: string, soft: string, hard: Text) => ({
      task_name: task,
      soft: Number(soft),
      hard: numberOr(hard, null),
    }),
  ),
  remote(
    'add_consumer',
    '<queue> [exchange] [type] [routing_key]',
    'consume a queue more',
    (queue: string, exchange: Text, type: Text, key: Text) => ({
      queue,
      exchange: exchange ?? null,
      exchange_type: type ?? 'direct',
      routing_key: key ?? null,
    }),
  ),
  remote('cancel_consumer', '<queue>', 'consume a queue no more', (queue: string) => ({ queue })),
  remote('pool_grow', '[n]', 'add slots', (n: Text) => ({ n: numberOr(n, 1) })),
  remote('pool_shrink', '[n]', 'take slots away', (n: Text) => ({ n: numberOr(n, 1) })),
  remote(
    'autoscale',
    '<max> [min]',
    'most and fewest slots of a worker that scales by load',
    (max: string, min: Text) => ({
      max: Number(max),
      min: numberOr(min, null),
    }),
  ),
  remote('pool_restart', '', 'replace the processes by fresh ones'),
  remote('enable_events', '', 'send events of tasks'),
  remote('disable_events', '', 'send no events of tasks'),
  remote('heartbeat', '', 'send a heartbeat event now'),
  remote('shutdown', '', 'stop workers when what runs has ended; they do not answer'),
];

function isTrue(text: Text): boolean {
  return text !== undefined && /^(true|yes|on|1)$/i.test(text);
}

function numberOr<Other>(text: Text, other: Other): number | Other {
  return text === undefined ? other : Number(text);
}
