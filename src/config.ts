/** The settings: each declared once with its environment variables, its flag, its default and its meaning. */
import { z } from 'zod';
import { connectionSettings, routingSettings } from './broker-settings.ts';
import { clusterNames } from './contract/cluster.ts';
import { ImproperlyConfigured } from './errors.ts';
import { kubernetesSettings } from './kubernetes-settings.ts';
import type { Routing } from './protocol/routes.ts';
import { type Environment, readSecretFiles } from './secret-files.ts';
import { securitySettings } from './security-settings.ts';
import { commaSeparated, type Origin, onOff, setting } from './setting.ts';

const seconds = z.coerce.number().positive();
const port = z.coerce.number().int().min(0).max(65_535);
const count = z.coerce.number().int().min(1);
const rateLimit = z.string().regex(/^\d+(\.\d+)?\/[smh]$/, "write it as '10/s', '100/m' or '5/h'");
const flag = onOff.default(false);
const RESULT_SERIALIZERS = ['json', 'yaml', 'msgpack', 'pickle'] as const;
const MESSAGE_SERIALIZERS = [...RESULT_SERIALIZERS, 'auth'] as const;

/** Options of a task by Celery's names, as far as a worker can change them (celery's `task_annotations`). */
const annotation = z
  .strictObject({
    rate_limit: rateLimit.nullable(),
    time_limit: z.number().positive().nullable(),
    soft_time_limit: z.number().positive().nullable(),
    acks_late: z.boolean(),
    acks_on_failure_or_timeout: z.boolean(),
    ignore_result: z.boolean(),
    store_errors_even_if_ignored: z.boolean(),
    track_started: z.boolean().nullable(),
    send_events: z.boolean(),
  })
  .partial();
const annotations = z.string().transform(parseJson).pipe(z.record(z.string(), annotation));

const settingsSchema = z.object({
  mongoUrl: setting(
    z
      .string()
      .regex(/^mongodb(\+srv)?:\/\//)
      .default('mongodb://localhost:27017/omega'),
    'MongoDB with the data, models, notebooks and results; the path is the database',
    { env: ['OMEGA_MONGO_URL'], secret: true },
  ),
  ...connectionSettings,
  resultBackend: setting(
    z
      .string()
      .regex(/^(rpc:\/\/|(mongodb(\+srv)?|rediss?|(redis\+)?socket):\/\/.+)?$/)
      .default(''),
    'where results go: rpc://, mongodb://host/db or redis://host/db; empty for the first two, stored at the mongo URL and then sent',
    { env: ['OMEGA_RESULT_BACKEND'], secret: true },
  ),
  bucket: setting(z.string().min(1).default('omegaml'), 'bucket of the stores', { env: ['OMEGA_BUCKET'] }),
  queues: setting(
    z
      .string()
      .transform(commaSeparated)
      .pipe(z.array(z.string().min(1).max(255)).min(1))
      .prefault('default'),
    'queues to consume, comma separated (default: those of OMEGA_TASK_QUEUES, else default); tasks are sent to the first, unless OMEGA_TASK_DEFAULT_QUEUE or a route says otherwise',
    { env: ['OMEGA_WORKER_LABEL', 'CELERY_Q'], flag: '-Q, --queues <names>' },
  ),
  concurrency: setting(
    z.coerce.number().int().min(1).max(1024).optional(),
    "number of slots, each one executor process (default: the cgroup's CPU count, fewer where its memory is not enough)",
    { env: ['OMEGA_WORKER_CONCURRENCY'], flag: '-c, --concurrency <n>' },
  ),
  hostname: setting(
    z
      .string()
      .regex(/^[^\s@]+@[^\s@]+$/)
      .default('omega@%h'),
    'nodename, unique in the cluster; %h is the host, %n its first part',
    { env: ['OMEGA_WORKER_NAME'], flag: '-n, --hostname <name@host>' },
  ),
  timeLimit: setting(
    seconds.optional(),
    'seconds until a task is killed, for messages that set no limit (default: none)',
    { env: ['OMEGA_WORKER_TIME_LIMIT'], flag: '--time-limit <seconds>' },
  ),
  softTimeLimit: setting(
    seconds.optional(),
    'seconds until a task is asked to stop, for messages that set no limit (default: none)',
    { env: ['OMEGA_WORKER_SOFT_TIME_LIMIT'], flag: '--soft-time-limit <seconds>' },
  ),
  acceptContent: setting(
    listOf(MESSAGE_SERIALIZERS).prefault('json'),
    'serializers of the messages that are accepted, comma separated: json, yaml, msgpack, pickle (read as data only), auth (signed)',
    { env: ['OMEGA_ACCEPT_CONTENT'] },
  ),
  ...securitySettings,
  taskEvents: setting(flag, 'send events of tasks from the start; remote control switches them too', {
    env: ['OMEGA_TASK_EVENTS'],
    flag: '-E, --task-events',
  }),
  sentEvents: setting(flag, 'send an event for each task that a client sends', {
    env: ['OMEGA_TASK_SEND_SENT_EVENT'],
  }),
  heartbeatInterval: setting(seconds.default(2), 'seconds between two heartbeat events of the worker', {
    env: ['OMEGA_WORKER_HEARTBEAT'],
    flag: '--heartbeat-interval <seconds>',
  }),
  remoteControl: setting(
    z.enum(['full', 'guarded', 'off']).default('full'),
    'commands that remote control takes: full; guarded, without shutdown, pool and consumer commands; off',
    { env: ['OMEGA_REMOTE_CONTROL'], flag: '--remote-control <full|guarded|off>' },
  ),
  trackStarted: setting(
    flag,
    'report STARTED of every task at once, not only of those that run longer than half a second',
    { env: ['OMEGA_TRACK_STARTED'] },
  ),
  resultExtended: setting(flag, 'keep name, arguments, worker, retries and queue with each result', {
    env: ['OMEGA_RESULT_EXTENDED'],
  }),
  resultExpires: setting(
    z.coerce.number().min(0).default(86_400),
    'seconds until a stored result may be removed; 0 for never',
    { env: ['OMEGA_RESULT_EXPIRES'] },
  ),
  resultSerializer: setting(
    z.enum(['json', 'yaml', 'msgpack']).default('json'),
    'serializer in which results are written: json, yaml or msgpack',
    { env: ['OMEGA_RESULT_SERIALIZER'] },
  ),
  resultAcceptContent: setting(
    listOf(RESULT_SERIALIZERS).optional(),
    'serializers of the results that are read, comma separated, besides the one that they are written in (default: those of OMEGA_ACCEPT_CONTENT)',
    { env: ['OMEGA_RESULT_ACCEPT_CONTENT'] },
  ),
  resultPersistent: setting(flag, 'send results so that they survive a restart of RabbitMQ', {
    env: ['OMEGA_RESULT_PERSISTENT'],
  }),
  ...routingSettings,
  queueType: setting(
    z.enum(['classic', 'quorum']).default('classic'),
    'type of the queues that do not exist yet: classic or quorum',
    { env: ['OMEGA_QUEUE_TYPE'] },
  ),
  queueMaxPriority: setting(
    z.coerce.number().int().min(1).max(255).optional(),
    'highest priority (x-max-priority) of the classic queues that do not exist yet (default: none)',
    { env: ['OMEGA_QUEUE_MAX_PRIORITY'] },
  ),
  delayQueueType: setting(
    z.enum(['classic', 'quorum']).default('quorum'),
    "type of Celery's delay queues where they do not exist yet: classic or quorum",
    { env: ['OMEGA_DELAY_QUEUE_TYPE'] },
  ),
  inheritParentPriority: setting(
    flag,
    'give tasks that a task sends its own priority, unless they have one',
    {
      env: ['OMEGA_INHERIT_PARENT_PRIORITY'],
    },
  ),
  taskAnnotations: setting(
    annotations.optional(),
    'options of tasks that replace those of their definitions, as JSON by task name, or * for every task: {"shop.add": {"rate_limit": "10/s"}}',
    { env: ['OMEGA_TASK_ANNOTATIONS'] },
  ),
  deliveryLimitQueue: setting(
    z.string().min(1).max(255).optional(),
    'queue to which RabbitMQ dead-letters tasks that it has delivered too often (policy delivery-limit); they fail, and are kept in the dead queue of theirs (default: none)',
    { env: ['OMEGA_DELIVERY_LIMIT_QUEUE'] },
  ),
  handoverAfter: setting(
    seconds.default(600),
    "seconds that a task runs before its message is acknowledged and a copy parked: at most half of the broker's consumer_timeout",
    { env: ['OMEGA_HANDOVER_AFTER'] },
  ),
  softShutdownTimeout: setting(
    z.coerce.number().min(0).default(0),
    'seconds that what runs may take to finish after SIGQUIT, or a second SIGINT; then it is ended, and goes back to its queue',
    { env: ['OMEGA_SOFT_SHUTDOWN_TIMEOUT'], flag: '--soft-shutdown-timeout <seconds>' },
  ),
  disableRateLimits: setting(flag, 'run tasks as fast as they come, whatever their rate limits', {
    env: ['OMEGA_DISABLE_RATE_LIMITS'],
    flag: '--disable-rate-limits',
  }),
  maxTasksPerExecutor: setting(
    count.optional(),
    'tasks after which an executor is replaced by a fresh one (default: none)',
    { env: ['OMEGA_WORKER_MAX_TASKS'], flag: '--max-tasks-per-child <n>' },
  ),
  maxMemoryPerExecutor: setting(
    count.optional(),
    'KiB of resident memory after which an executor is replaced once its task has ended (default: none)',
    { env: ['OMEGA_WORKER_MAX_MEMORY'], flag: '--max-memory-per-child <KiB>' },
  ),
  modelCache: setting(
    z.coerce.number().int().min(0).default(256),
    'MiB of models, as stored, that each executor keeps ready, at most a quarter of what it may take; 0 reads them for every task',
    { env: ['OMEGA_MODEL_CACHE'] },
  ),
  streamAbove: setting(
    z.coerce.number().int().min(0).default(256),
    'MiB of a dataset in columns above which fits that can, scores, and predictions that are stored take it block by block; at most a quarter of what an executor may take',
    { env: ['OMEGA_STREAM_ABOVE'] },
  ),
  memoryLimit: setting(
    count.optional(),
    "KiB of memory that an executor may take: a task that needs more fails (default: its share of the cgroup's limit, else none)",
    { env: ['OMEGA_WORKER_MEMORY_LIMIT'], flag: '--memory-limit <KiB>' },
  ),
  frameMemoryLimit: setting(
    count.optional(),
    'KiB of memory that the columns of data may take in an executor together; a task that needs more fails (default: none)',
    { env: ['OMEGA_FRAME_MEMORY_LIMIT'], flag: '--frame-memory-limit <KiB>' },
  ),
  autoscale: setting(
    z
      .string()
      .regex(/^\d+,\d+$/)
      .transform((text) => text.split(',').map(Number) as [number, number])
      .refine(([most, fewest]) => fewest >= 1 && most >= fewest, 'the most, then the fewest, at least 1')
      .optional(),
    'grow and shrink the slots by load, between the fewest and the most: most,fewest (default: fixed)',
    { env: ['OMEGA_WORKER_AUTOSCALE'], flag: '--autoscale <most,fewest>' },
  ),
  taskTimeout: setting(
    seconds.default(1200),
    'soft time limit in seconds that a client puts on model, notebook and ping tasks; the hard one is 30 s longer',
    { env: ['OMEGA_TASK_TIMEOUT'] },
  ),
  notebookAccess: setting(
    flag,
    'give notebooks the addresses and credentials of MongoDB and RabbitMQ, so that connect() works in them',
    { env: ['OMEGA_NOTEBOOK_ACCESS'] },
  ),
  httpHost: setting(z.string().min(1).default('127.0.0.1'), 'address of /metrics, /livez and /readyz', {
    env: ['OMEGA_HTTP_HOST'],
    flag: '--http-host <address>',
  }),
  httpPort: setting(port.default(0), 'port of /metrics, /livez and /readyz; 0 takes a free one', {
    env: ['OMEGA_HTTP_PORT'],
    flag: '--http-port <port>',
  }),
  metricsCelery: setting(
    flag,
    'serve /metrics/celery: the metrics that celery-exporter would have, by its names',
    {
      env: ['OMEGA_METRICS_CELERY'],
    },
  ),
  ...kubernetesSettings,
  python: setting(
    z.string().min(1).default('python3'),
    'Python interpreter with ipykernel, for Python notebooks',
    {
      env: ['OMEGA_PYTHON'],
    },
  ),
  logLevel: setting(
    z
      .string()
      .toLowerCase()
      .pipe(z.enum(['debug', 'info', 'warn', 'warning', 'error', 'fatal']))
      .default('info'),
    'debug, info, warning, error or fatal',
    { env: ['OMEGA_LOGLEVEL'], flag: '-l, --loglevel <level>' },
  ),
});

/** All settings, validated and frozen. */
export type Settings = Readonly<z.infer<typeof settingsSchema>>;
type SettingName = keyof Settings;

/** How queues are declared that do not exist yet. */
export function queueDefaults(settings: Settings): {
  readonly type: Settings['queueType'];
  readonly maxPriority: number | undefined;
  readonly delayType: Settings['delayQueueType'];
} {
  const { queueType, queueMaxPriority, delayQueueType } = settings;
  return { type: queueType, maxPriority: queueMaxPriority, delayType: delayQueueType };
}

/** How workers and clients connect to the broker. */
export function brokerSettings(settings: Settings) {
  return {
    url: settings.broker,
    readUrl: settings.brokerRead,
    writeUrl: settings.brokerWrite,
    heartbeat: settings.brokerHeartbeat,
    connectionTimeout: settings.brokerConnectionTimeout,
    names: clusterNames(settings),
    queues: queueDefaults(settings),
    taskQueues: settings.taskQueues,
  };
}

/** How results are kept, written and read. What is written here can be read here. */
export function resultOptions(settings: Settings) {
  const { resultSerializer: serializer, resultAcceptContent, acceptContent } = settings;
  const accepted = resultAcceptContent ?? acceptContent.filter((name) => name !== 'auth');
  const accept = new Set([...accepted, serializer]);
  return {
    expires: settings.resultExpires,
    persistent: settings.resultPersistent,
    content: { serializer, accept: [...accept] },
  };
}

/** Where tasks go that are sent. */
export function routing(settings: Settings): Routing {
  return {
    defaultQueue: settings.defaultQueue ?? settings.queues[0] ?? 'default',
    queues: settings.taskQueues,
    routes: settings.taskRoutes,
    createMissing: settings.createMissingQueues,
    priority: settings.defaultPriority,
    deliveryMode: settings.deliveryMode === 'transient' ? 1 : 2,
  };
}

/** Values given by the caller; undefined ones count as not given. */
export type SettingValues = { readonly [Name in SettingName]?: unknown };

/**
 * Settings from what the caller gives (flags), else the environment, else the defaults. A secret may be in a file that
 * `<variable>_FILE` names. Unknown `OMEGA_*` variables are ignored: the environment may be shared with Python workers.
 *
 * @throws ImproperlyConfigured with a line for each setting that is wrong.
 */
export function loadSettings(env: Environment, given: SettingValues = {}): Settings {
  const variables = resolveEnvironment(env);
  const values: Record<string, unknown> = {};
  for (const { name, origin } of describeSettings()) {
    values[name] = given[name] ?? origin.env.map((variable) => variables[variable]).find(Boolean);
  }
  const parsed = settingsSchema.safeParse(values);
  if (parsed.success) return Object.freeze(withQueues(parsed.data, values.queues));
  throw new ImproperlyConfigured(parsed.error.issues.map(describeIssue).join('\n'), { cause: parsed.error });
}

/** The environment with the secrets that are in files. @throws ImproperlyConfigured */
export function resolveEnvironment(env: Environment): Environment {
  return readSecretFiles(env, secretVariables());
}

/** The variables that hold a secret, or a URL with one. */
export function secretVariables(): string[] {
  return describeSettings().flatMap(({ origin }) => (origin.secret ? origin.env : []));
}

/** Without a choice of queues, all of the list are consumed. */
function withQueues(settings: Settings, chosen: unknown): Settings {
  const names = settings.taskQueues.map((queue) => queue.name);
  return chosen === undefined && names.length > 0 ? { ...settings, queues: names } : settings;
}

/** A setting as help texts show it. */
export interface SettingDescription {
  readonly name: SettingName;
  readonly description: string;
  readonly origin: Origin;
}

/** Every setting, in the order of declaration: the source of flags, help and docs. */
export function describeSettings(): SettingDescription[] {
  return Object.entries(settingsSchema.shape).map(([name, schema]) => ({
    name: name as SettingName,
    description: schema.description ?? '',
    origin: z.globalRegistry.get(schema) as unknown as Origin,
  }));
}

/** One or more of these names, comma separated. */
function listOf<const Name extends string>(names: readonly Name[]) {
  return z
    .string()
    .transform(commaSeparated)
    .pipe(z.array(z.enum(names)).min(1));
}

/** Text that is no JSON is left for the next check to refuse. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const name = String(issue.path[0]);
  const setting = describeSettings().find((description) => description.name === name);
  if (!setting) return issue.message;
  const where = [...setting.origin.env, ...(setting.origin.flag ? [setting.origin.flag] : [])].join(' or ');
  return `${name}: ${issue.message}. Set ${where}: ${setting.description}`;
}
