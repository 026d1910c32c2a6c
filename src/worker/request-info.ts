/** The tasks in a worker, and its queues, as remote control shows them. */

import { queueArgumentsOf } from '../broker/topology.ts';
import { queueDefaults, type Settings } from '../config.ts';
import type { QueueBinding } from '../contract/queue.ts';
import type { QueueInfo, RequestInfo, ScheduledTask } from '../protocol/control-replies.ts';
import { formatIsoDateTime } from '../protocol/dates.ts';
import { decodeBody } from '../protocol/decode-task.ts';
import { hideSecrets } from '../protocol/hidden-secrets.ts';
import type { Request } from './node.ts';

/** A larger message is shown by the text of its arguments: a monitor asks every few seconds. */
const MAX_SHOWN_BYTES = 65_536;
/** What Celery gives its timer for tasks that wait; monitors show it. */
const TIMER_PRIORITY = 6;

/** @param safe show the arguments as the text that came with them. */
export function describeRequest(request: Request, hostname: string, safe: boolean): RequestInfo {
  const { message, delivery, startedAt, pid } = request;
  const { exchange, routingKey, redelivered } = message.deliveryInfo;
  return {
    id: message.taskId,
    name: message.taskName,
    ...(safe ? textOf(request) : argumentsOf(request)),
    type: message.taskName,
    hostname,
    time_start: startedAt === null ? null : startedAt / 1000,
    acknowledged: delivery.settled,
    delivery_info: { exchange, routing_key: routingKey, priority: message.priority, redelivered },
    worker_pid: pid,
  };
}

export function describeScheduled(request: Request, hostname: string): ScheduledTask {
  const { eta } = request.message;
  return {
    eta: eta && formatIsoDateTime(eta),
    priority: TIMER_PRIORITY,
    request: describeRequest(request, hostname, false),
  };
}

export function describeQueue(binding: QueueBinding, settings: Settings): QueueInfo {
  const { name, exchange, exchangeType, routingKey, bindingArguments = null, alias = null } = binding;
  const { type, maxPriority = null } = queueDefaults(settings);
  const queueArguments = queueArgumentsOf(binding, queueDefaults(settings));
  return {
    name,
    exchange: {
      name: exchange,
      type: exchangeType,
      arguments: null,
      durable: true,
      passive: false,
      auto_delete: false,
      delivery_mode: null,
      no_declare: false,
    },
    routing_key: routingKey,
    queue_arguments: Object.keys(queueArguments).length === 0 ? null : queueArguments,
    binding_arguments: bindingArguments,
    consumer_arguments: null,
    durable: true,
    exclusive: false,
    auto_delete: alias !== null,
    no_ack: false,
    alias,
    bindings: [],
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: type === 'quorum' ? null : maxPriority,
  };
}

function argumentsOf(request: Request): { args: unknown; kwargs: unknown } {
  const { body } = request.message;
  if (body.length > MAX_SHOWN_BYTES) return textOf(request);
  try {
    return hideSecrets(decodeBody(body));
  } catch {
    return textOf(request);
  }
}

function textOf({ message }: Request): { args: string; kwargs: string } {
  return { args: message.argsRepr, kwargs: message.kwargsRepr };
}
