/**
 * Sends the events of a worker (celery/events/dispatcher.py). Events are for monitors: when the broker does not
 * take them in time they are dropped, and nothing waits for them or hears of it.
 */
import type { Publication, Publisher } from '../contract/transport.ts';
import { createEvent, encodeEvent, encodeTaskEvents, type WireEvent } from '../protocol/event.ts';
import type { Fields } from '../protocol/fields.ts';
import type { Clock } from './clock.ts';

export interface EventDispatcher {
  /** Whether task events are sent. Default false. */
  taskEvents: boolean;
  /** Sends an event of the worker at once. */
  send(type: string, fields: Fields): void;
  /** Sends an event of a task, together with those that come within 20 ms. Nothing while `taskEvents` is false. */
  sendTask(type: string, fields: Fields): void;
  /** Sends what waits now. */
  flush(): void;
}

export interface DispatcherOptions {
  readonly publisher: Publisher;
  readonly hostname: string;
  readonly clock: Clock;
  /** The exchange of events. Default: Celery's. */
  readonly exchange?: string;
  /** Told of each event, with its type, and of each one that is dropped. */
  readonly onSent?: (type: string) => void;
  readonly onDropped?: () => void;
}

const BATCH_MS = 20;
const MAX_BATCH = 50;
/** Task events that wait; further ones are dropped. */
const MAX_WAITING = 2_000;
/** Messages that the broker has not confirmed; the rest waits, or is dropped. */
const MAX_UNCONFIRMED = 8;

export function createEventDispatcher(options: DispatcherOptions): EventDispatcher {
  const { publisher, hostname, clock, exchange, onSent, onDropped } = options;
  let unconfirmed = 0;
  let waiting: WireEvent[] = [];
  let timer: NodeJS.Timeout | undefined;

  function eventOf(type: string, fields: Fields): WireEvent {
    return createEvent(type, { hostname, pid: process.pid, clock: clock.forward() }, fields);
  }

  function publish(publication: Publication): void {
    unconfirmed += 1;
    publisher.publish(publication).then(settled, settled);
  }

  function settled(): void {
    unconfirmed -= 1;
    if (waiting.length >= MAX_BATCH) flush();
    else if (waiting.length > 0) flushSoon();
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    while (waiting.length > 0 && unconfirmed < MAX_UNCONFIRMED) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      publish(encodeTaskEvents(hostname, batch, exchange));
    }
  }

  function flushSoon(): void {
    timer ??= setTimeout(flush, BATCH_MS);
  }

  const dispatcher: EventDispatcher = {
    taskEvents: false,
    send(type, fields) {
      if (unconfirmed >= MAX_UNCONFIRMED) return onDropped?.();
      publish(encodeEvent(eventOf(type, fields), exchange));
      onSent?.(type);
    },
    sendTask(type, fields) {
      if (!dispatcher.taskEvents) return;
      if (waiting.length >= MAX_WAITING) return onDropped?.();
      waiting.push(eventOf(type, fields));
      onSent?.(type);
      if (waiting.length === MAX_BATCH) flush();
      else flushSoon();
    },
    flush,
  };
  return dispatcher;
}
