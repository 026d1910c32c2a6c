/** Listening to what workers and clients tell (Celery's `app.events.Receiver`). */
import type { Reply, Transport } from '../contract/transport.ts';
import { type ClusterEvent, readEvent } from '../protocol/cluster-event.ts';
import { encodeControlRequest } from '../protocol/control.ts';
import { decodeEvents } from '../protocol/event.ts';

export interface EventOptions {
  /** Ends the listening. */
  readonly signal?: AbortSignal;
  /** Types to listen to, with dots, as AMQP matches routing keys: `worker.#`. Default `#`, all. */
  readonly pattern?: string;
}

/** Events that wait for a reader that is slow; the oldest are dropped. */
const MAX_WAITING = 10_000;

/**
 * The events from now on, until the signal is aborted or the loop is left. Task events come only from workers that
 * send them: `control.tell().enableEvents()` asks for it.
 *
 * @param closing ends the listening with an error when the client is closed.
 */
export async function* listenToEvents(
  transport: Transport,
  closing: AbortSignal,
  { signal, pattern = '#' }: EventOptions = {},
): AsyncGenerator<ClusterEvent, void, void> {
  const waiting: ClusterEvent[] = [];
  let wake = (): void => undefined;
  const stop = await transport.onEvent((message) => {
    waiting.push(...read(message));
    if (waiting.length > MAX_WAITING) waiting.splice(0, waiting.length - MAX_WAITING);
    wake();
  }, pattern);
  const ended = AbortSignal.any(signal ? [signal, closing] : [closing]);
  const onAbort = (): void => wake();
  ended.addEventListener('abort', onAbort);
  try {
    // Whoever listens wants to know who is there, and not in two seconds.
    await transport.publish(encodeControlRequest({ method: 'heartbeat' }, transport.names.control));
    while (!ended.aborted) {
      yield* waiting.splice(0);
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (ended.aborted || waiting.length > 0) resolve();
      });
    }
    if (!signal?.aborted) throw closing.reason;
  } finally {
    ended.removeEventListener('abort', onAbort);
    await stop();
  }
}

/** What is no event is left out: it cannot concern the listener. */
function read({ body }: Reply): ClusterEvent[] {
  try {
    return decodeEvents(body).map(readEvent);
  } catch {
    return [];
  }
}
