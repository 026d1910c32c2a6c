/** Publishing task messages: queues are declared, delays prepared, and the broker is never given too much. */
import type { Publication, Transport } from '../contract/transport.ts';
import { delayUntil, SHORTEST_DELAY_MS } from '../protocol/delay.ts';
import { encodeTaskSent } from '../protocol/event.ts';
import { declaresQueue, publishDeclared } from '../protocol/publish-declared.ts';
import type { Encoding } from '../protocol/serializers.ts';
import { encodeTask, type TaskCall } from '../protocol/task-message.ts';
import { traceSending } from '../tracing.ts';
import { PublishWindow } from './publish-window.ts';

export interface Sender {
  /** Declares what a call needs on the broker, which is known from then on. @throws OperationalError, InvalidName */
  prepare(call: TaskCall): Promise<void>;
  /**
   * Publishes a call that is prepared; resolves when the broker has confirmed. Waits while too much is on its way;
   * calls are published in the order in which they come.
   *
   * @param signal when it is aborted before the message is published, this rejects with its reason.
   * @throws Unroutable, MessageTooLarge, MessageRefused, EncodeError, OperationalError
   */
  publish(call: TaskCall, signal?: AbortSignal): Promise<void>;
  /** Keeps `idle` waiting for work that will send something. */
  busyWith<Work extends Promise<unknown>>(work: Work): Work;
  /** Resolves when all that was to be sent is confirmed or has failed. */
  idle(): Promise<void>;
}

interface SenderOptions {
  /** Whether each task that is sent is told of by an event (Celery's `task_send_sent_event`). Default false. */
  readonly sentEvents?: boolean;
  /** How messages are written. Default: as JSON, not signed. */
  readonly encoding?: Encoding;
}

export function createSender(
  transport: Transport,
  { sentEvents = false, encoding }: SenderOptions = {},
): Sender {
  let clock = 0;
  const window = new PublishWindow();
  const work = new Set<Promise<unknown>>();
  /** Celery declares a queue before it publishes, once per connection: a task for an unserved queue waits there. */
  const queues = declaredOnce((queue) => transport.declareQueue(queue));
  const delays = declaredOnce((queue) => transport.declareDelayed(queue));

  async function prepare(call: TaskCall): Promise<void> {
    const { exchange, queue, eta } = call;
    if (!declaresQueue(call)) return;
    await queues.declare(queue);
    // What goes to an exchange waits at the worker, which knows its own queue.
    const isDelayed = eta && eta.getTime() - Date.now() >= SHORTEST_DELAY_MS;
    if (isDelayed && exchange === undefined) await delays.declare(queue);
  }

  async function publish(call: TaskCall, signal?: AbortSignal): Promise<void> {
    await window.enter();
    let bytes = 0;
    try {
      signal?.throwIfAborted();
      await traceSending(call, async (carrier) => {
        const publication = encodeTask(
          { ...call, headers: { ...call.headers, ...carrier } },
          new Date(),
          encoding,
        );
        bytes = publication.body.length;
        window.add(bytes);
        await publishEncoded(call, publication);
        if (sentEvents) tell(call, publication);
      });
    } finally {
      window.leave(bytes);
    }
  }

  /** Losing an event harms nobody. */
  function tell({ queue }: TaskCall, publication: Publication): void {
    clock += 1;
    const event = encodeTaskSent(publication, queue, clock, transport.names.events);
    transport.publish(event).catch(() => undefined);
  }

  async function publishEncoded(call: TaskCall, publication: Publication): Promise<void> {
    const { queue, eta = null } = call;
    const send = (each: Publication) => transport.publish(delayUntil(each, eta, new Date()));
    await publishDeclared(call, publication, send, async () => {
      // The queue was deleted since.
      queues.forget(queue);
      delays.forget(queue);
      await prepare(call);
    });
  }

  function busyWith<Work extends Promise<unknown>>(promise: Work): Work {
    work.add(promise);
    promise.catch(() => undefined).finally(() => work.delete(promise));
    return promise;
  }

  return {
    prepare,
    publish,
    busyWith,
    async idle() {
      while (work.size > 0) await Promise.allSettled(work);
    },
  };
}

/** What is declared at its first use and then known; a declaration that fails is forgotten. */
function declaredOnce(declare: (queue: string) => Promise<void>) {
  const declared = new Map<string, Promise<void>>();
  return {
    declare(queue: string): Promise<void> {
      const known = declared.get(queue);
      if (known) return known;
      const declaration = declare(queue);
      declared.set(queue, declaration);
      declaration.catch(() => declared.delete(queue));
      return declaration;
    },
    forget: (queue: string) => void declared.delete(queue),
  };
}
