/** Where a task goes whose sender does not say it (celery/app/routes.py, celery/app/amqp.py `send_task_message`). */
import type { TaskQueue } from '../contract/queue.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { globSource } from './glob.ts';

/** Where a message is to go: a queue, or an exchange and a key. */
export interface GivenRoute {
  readonly queue?: string | null | undefined;
  readonly exchange?: string | null | undefined;
  readonly routingKey?: string | null | undefined;
}

/** A route of the setting `taskRoutes`. */
export interface TaskRoute extends GivenRoute {
  readonly priority?: number | undefined;
}

/** Names of tasks: one, those that a glob with `*` matches, or those that an expression matches from their start. */
export type TaskPattern = string | RegExp;

/** Settings of the sender. */
export interface Routing {
  /** For tasks that have no route. */
  readonly defaultQueue: string;
  /** The queues whose exchange is not their own. Default: none. */
  readonly queues?: readonly TaskQueue[];
  /** Names come before patterns; of the patterns, the first that matches counts. Default: none. */
  readonly routes?: readonly (readonly [TaskPattern, TaskRoute])[];
  /** Whether a queue may be used that `queues` does not have. Default true. */
  readonly createMissing?: boolean;
  /** Of messages to which neither their sender nor a route gives one. Default: none. */
  readonly priority?: number | undefined;
  /** Default 2: messages survive a restart of the broker. */
  readonly deliveryMode?: 1 | 2;
}

/** Where a message goes. */
export interface Destination {
  readonly queue: string;
  /** Left out for the default exchange, which hands the message to the queue. */
  readonly exchange?: string;
  readonly routingKey?: string;
  /** Whether the queue is to be declared before, although an exchange is named: it is the queue's own. */
  readonly declares?: true;
  readonly priority: number | null;
  readonly deliveryMode: 1 | 2;
}

/** @throws ImproperlyConfigured for a queue that is not known and may not be created. */
export type Router = (taskName: string, given: GivenRoute) => Destination;

export function createRouter(routing: Routing): Router {
  const { defaultQueue, createMissing = true, deliveryMode = 2, priority: defaultPriority = null } = routing;
  const lookUp = routeFinder(routing.routes ?? []);
  const queues = new Map((routing.queues ?? []).map((queue) => [queue.name, queue]));
  return (taskName, given) => {
    const route = lookUp(taskName);
    const isGiven = Boolean(given.queue || given.exchange);
    const target = isGiven ? given : { ...route, ...withoutNulls(given) };
    const name = target.queue || (target.exchange && target.routingKey) || defaultQueue;
    const queue = queues.get(name);
    const isKnown = queue !== undefined || name === defaultQueue || Boolean(target.exchange);
    if (!(createMissing || isKnown)) throw unknownQueue(name);
    return {
      queue: name,
      ...exchangeOf(target, queue),
      priority: route?.priority ?? defaultPriority,
      deliveryMode,
    };
  };
}

/** As Celery does, a direct exchange is passed by: the default one hands the message to the queue. */
function exchangeOf(target: GivenRoute, queue: TaskQueue | undefined): Partial<Destination> {
  const isDirect = queue === undefined || queue.exchangeType === 'direct';
  const exchange = target.exchange || (isDirect ? null : queue.exchange);
  const routingKey = target.routingKey || (isDirect ? null : queue.routingKey);
  if (!exchange || routingKey === null) return {};
  return { exchange, routingKey, ...(exchange === queue?.exchange && ({ declares: true } as const)) };
}

function routeFinder(routes: NonNullable<Routing['routes']>): (taskName: string) => TaskRoute | undefined {
  const names = new Map<string, TaskRoute>();
  const patterns: [RegExp, TaskRoute][] = [];
  for (const [pattern, route] of routes) {
    if (pattern instanceof RegExp)
      patterns.push([new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')), route]);
    else if (pattern.includes('*')) patterns.push([new RegExp(`^${globSource(pattern)}$`, 's'), route]);
    else names.set(pattern, route);
  }
  return (taskName) =>
    names.get(taskName) ?? patterns.find(([pattern]) => taskName.search(pattern) === 0)?.[1];
}

function withoutNulls(given: GivenRoute): GivenRoute {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value));
}

function unknownQueue(name: string): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `there is no queue '${name}' in OMEGA_TASK_QUEUES, and OMEGA_CREATE_MISSING_QUEUES is off: add it there, or use another one`,
  );
}
