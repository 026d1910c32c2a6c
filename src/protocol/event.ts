/**
 * Events: what clients and workers tell whoever listens (celery/events/event.py). A topic exchange carries them;
 * the routing key is the type with dots. Events of tasks travel in batches, as one JSON array.
 */
import { CELERY_CLUSTER } from '../contract/cluster.ts';
import type { MessageProperties, Publication } from '../contract/transport.ts';
import { ProtocolError } from '../errors.ts';
import { type Fields, isFields } from './fields.ts';
import { parseJson } from './json.ts';
import { JSON_CONTENT, readBody } from './serializers.ts';

/** Routing key of a batch of task events. */
const TASK_BATCH = 'task.multi';

/** An event as it is on the wire. */
export interface WireEvent extends Fields {
  /** `task-received`, `worker-heartbeat`, … */
  readonly type: string;
  /** Nodename of the worker; `gen<pid>@<host>` of a client. */
  readonly hostname: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  /** Lamport clock of the sender. */
  readonly clock: number;
}

/** Who sends an event, and when by its Lamport clock. */
export interface EventOrigin {
  readonly hostname: string;
  readonly pid: number;
  readonly clock: number;
}

/** An event with what every event carries. */
export function createEvent(type: string, origin: EventOrigin, fields: Fields, now = new Date()): WireEvent {
  const { hostname, pid, clock } = origin;
  // Hours west of UTC: receivers shift the timestamp by the difference to theirs.
  const utcoffset = now.getTimezoneOffset() / 60;
  return { hostname, utcoffset, pid, clock, ...fields, timestamp: now.getTime() / 1000, type };
}

/** One event as a message. @param exchange of the cluster's events. Default: Celery's. */
export function encodeEvent(event: WireEvent, exchange: string = CELERY_CLUSTER.events): Publication {
  return publication(exchange, event.hostname, event.type.replaceAll('-', '.'), event);
}

/** Several task events of one worker as a message. @param exchange of the cluster's events. Default: Celery's. */
export function encodeTaskEvents(
  hostname: string,
  events: readonly WireEvent[],
  exchange: string = CELERY_CLUSTER.events,
): Publication {
  return publication(exchange, hostname, TASK_BATCH, events);
}

/**
 * The event `task-sent` of a client (Celery's `task_send_sent_event`), from the task message that it published.
 *
 * @param queue name of the queue that the client chose.
 * @param events exchange of the cluster's events. Default: Celery's.
 */
export function encodeTaskSent(
  sent: Publication,
  queue: string,
  clock: number,
  events: string = CELERY_CLUSTER.events,
): Publication {
  const { exchange, routingKey, properties } = sent;
  const { id, root_id, parent_id, task, argsrepr, kwargsrepr, retries, eta, expires, origin } =
    properties.headers ?? {};
  const call = { uuid: id, root_id, parent_id, name: task, args: argsrepr, kwargs: kwargsrepr };
  const fields = { ...call, retries, eta, expires, queue, exchange, routing_key: routingKey };
  const by = { hostname: String(origin), pid: process.pid, clock };
  return encodeEvent(createEvent('task-sent', by, fields), events);
}

/**
 * The events of a message: one, or those of a batch. What is in it and is no event is left out.
 *
 * @throws ProtocolError if the message is no JSON.
 */
export function decodeEvents(body: Buffer, properties: MessageProperties = JSON_CONTENT): WireEvent[] {
  const content = parseJson(readBody(body, properties));
  const events: unknown[] = Array.isArray(content) ? content : [content];
  if (events.length > 0 && !events.some(isFields))
    throw new ProtocolError(
      'a message with events has none in it: it must be a JSON object or a list of them',
    );
  return events.filter(isWireEvent);
}

/** What receivers of Celery need of an event (celery/events/state.py). */
function isWireEvent(value: unknown): value is WireEvent {
  if (!isFields(value)) return false;
  const { type, hostname, timestamp, clock, uuid } = value;
  if (typeof type !== 'string' || typeof hostname !== 'string') return false;
  if (typeof timestamp !== 'number' || typeof clock !== 'number') return false;
  return !type.startsWith('task-') || typeof uuid === 'string';
}

function publication(exchange: string, hostname: string, routingKey: string, content: object): Publication {
  return {
    exchange,
    routingKey,
    body: Buffer.from(JSON.stringify(content)),
    properties: { ...JSON_CONTENT, deliveryMode: 1, priority: 0, headers: { hostname } },
    // Mostly nobody listens.
    unroutable: 'drop',
  };
}
