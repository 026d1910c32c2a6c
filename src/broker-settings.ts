/** The settings about the broker: where it is, its queues, and which task goes where. */
import { z } from 'zod';
import { directBinding, type TaskQueue } from './contract/queue.ts';
import type { TaskPattern, TaskRoute } from './protocol/routes.ts';
import { commaSeparated, jsonOr, onOff, setting } from './setting.ts';
import { tlsSettings } from './tls-settings.ts';

const BROKER_URL = /^(amqps?|pyamqp):\/\//;

const name = z.string().min(1).max(255);
const urls = z
  .union([z.string(), z.array(z.string()).transform((list) => list.join(';'))])
  .pipe(z.string().regex(BROKER_URL));

const queueArguments = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const taskQueue = z
  .strictObject({
    name,
    exchange: name.optional(),
    exchangeType: z.enum(['direct', 'topic', 'fanout', 'headers']).optional(),
    routingKey: z.string().max(255).optional(),
    bindingArguments: queueArguments.optional(),
    queueArguments: queueArguments.optional(),
    broadcast: z.boolean().default(false),
  })
  .transform(({ exchange, exchangeType, routingKey, ...queue }): TaskQueue => {
    const usual = directBinding(queue.name);
    return {
      ...withoutUndefined(queue),
      exchange: exchange ?? usual.exchange,
      exchangeType: exchangeType ?? (queue.broadcast ? 'fanout' : 'direct'),
      routingKey: routingKey ?? usual.routingKey,
    };
  });

const taskRoute = z
  .union([
    name.transform((queue) => ({ queue })),
    z.strictObject({
      queue: name.optional(),
      exchange: name.optional(),
      routingKey: z.string().max(255).optional(),
      priority: z.number().int().min(0).max(255).optional(),
    }),
  ])
  .transform((route): TaskRoute => route);

const taskRoutes = z
  .union([
    z.record(z.string().min(1), taskRoute).transform((routes) => Object.entries(routes)),
    z.array(z.tuple([z.union([z.string().min(1), z.instanceof(RegExp)]), taskRoute])),
  ])
  .transform((routes): (readonly [TaskPattern, TaskRoute])[] => routes);

/** Where the broker is, and how it is talked to. */
export const connectionSettings = {
  broker: setting(
    urls.default('amqp://guest:guest@localhost:5672//'),
    'RabbitMQ, as Celery writes it: amqp://user:password@host:port/vhost; several, tried in turn, with ; between them',
    { env: ['OMEGA_BROKER'], secret: true },
  ),
  brokerRead: setting(urls.optional(), 'RabbitMQ for consuming (default: the same)', {
    env: ['OMEGA_BROKER_READ'],
    secret: true,
  }),
  brokerWrite: setting(urls.optional(), 'RabbitMQ for publishing (default: the same)', {
    env: ['OMEGA_BROKER_WRITE'],
    secret: true,
  }),
  ...tlsSettings,
  brokerHeartbeat: setting(
    z.coerce.number().int().min(0).max(65_535).default(10),
    'seconds between two heartbeats of a connection to RabbitMQ; 0 for none',
    { env: ['OMEGA_BROKER_HEARTBEAT'] },
  ),
  brokerConnectionTimeout: setting(
    z.coerce.number().positive().default(5),
    'seconds until an attempt to connect to RabbitMQ has failed',
    { env: ['OMEGA_BROKER_CONNECTION_TIMEOUT'] },
  ),
  controlExchange: setting(name.default('celery'), 'prefix of the exchanges of remote control', {
    env: ['OMEGA_CONTROL_EXCHANGE'],
  }),
  eventExchange: setting(name.default('celeryev'), 'exchange of events', { env: ['OMEGA_EVENT_EXCHANGE'] }),
  eventQueuePrefix: setting(name.default('celeryev'), 'prefix of the queues for events', {
    env: ['OMEGA_EVENT_QUEUE_PREFIX'],
  }),
};

/** Which queues there are, and which task goes where. */
export const routingSettings = {
  taskQueues: setting(
    jsonOr(z.array(taskQueue)).prefault([]),
    'queues with an exchange, as JSON: [{"name", "exchange", "exchangeType", "routingKey", "bindingArguments", "queueArguments", "broadcast"}]; consumed unless queues are chosen',
    { env: ['OMEGA_TASK_QUEUES'] },
  ),
  excludeQueues: setting(
    z.string().transform(commaSeparated).prefault(''),
    'queues not to consume, comma separated (default: none)',
    { env: ['OMEGA_EXCLUDE_QUEUES'], flag: '-X, --exclude-queues <names>' },
  ),
  createMissingQueues: setting(onOff.default(true), 'whether queues may be used that are not in the list', {
    env: ['OMEGA_CREATE_MISSING_QUEUES'],
  }),
  workerDirect: setting(
    onOff.default(false),
    'consume a queue of the worker alone too: <nodename>.dq2, at the exchange C.dq2',
    { env: ['OMEGA_WORKER_DIRECT'] },
  ),
  defaultQueue: setting(
    name.optional(),
    'queue of tasks that have no route (default: the first of the queues)',
    {
      env: ['OMEGA_TASK_DEFAULT_QUEUE'],
    },
  ),
  taskRoutes: setting(
    jsonOr(taskRoutes).prefault({}),
    'queues of tasks, as JSON: {"name or glob with *": "queue" or {"queue", "exchange", "routingKey", "priority"}}; the first that matches',
    { env: ['OMEGA_TASK_ROUTES'] },
  ),
  defaultPriority: setting(
    z.coerce.number().int().min(0).max(255).optional(),
    'priority of tasks that are sent without one (default: none)',
    { env: ['OMEGA_TASK_DEFAULT_PRIORITY'] },
  ),
  deliveryMode: setting(
    z.enum(['persistent', 'transient']).default('persistent'),
    'whether tasks that are sent survive a restart of RabbitMQ: persistent or transient',
    { env: ['OMEGA_TASK_DELIVERY_MODE'] },
  ),
};

function withoutUndefined<T extends object>(fields: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
