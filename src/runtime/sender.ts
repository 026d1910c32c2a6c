/** Publishing task messages: queues are declared, delays prepared, and the broker is never given too much. */
import type { Publication, Transport } from '../contract/transport.ts';
import { Unroutable } from '../errors.ts';
import { delayUntil } from '../protocol/delay.ts';
import { encodeTask, type TaskCall } from '../protocol/task-message.ts';
import { PublishWindow } from './publish-window.ts';

export interface Sender {
  /**
   * Publishes a call; resolves when the broker has confirmed. Waits while too much is on its way.
   *
   * @param signal when it is aborted before the message is published, this rejects with its reason.
   * @throws Unroutable, MessageTooLarge, MessageRefused, EncodeError, OperationalError
   */
  send(call: TaskCall, signal?: AbortSignal): Promise<void>;
  /** Keeps `idle` waiting for work that will send something. */
  busyWith<Work extends Promise<unknown>>(work: Work): Work;
  /** Resolves when all that was to be sent is confirmed or has failed. */
  idle(): Promise<void>;
}

export function createSender(transport: Transport): Sender {
  const window = new PublishWindow();
  const work = new Set<Promise<unknown>>();
  /** Celery declares a queue before it publishes, once per connection: a task for an unserved queue waits there. */
  const queues = declaredOnce((queue) => transport.declareQueue(queue));
  const delays = declaredOnce((queue) => transport.declareDelayed(queue));

  async function send(call: TaskCall, signal?: AbortSignal): Promise<void> {
    const { exchange, queue } = call;
    if (exchange === undefined) await queues.declare(queue);
    await window.enter();
    let bytes = 0;
    try {
      signal?.throwIfAborted();
      const publication = encodeTask(call);
      bytes = publication.body.length;
      window.add(bytes);
      await publish(call, publication);
    } finally {
      window.leave(bytes);
    }
  }

  async function publish({ exchange, queue, eta = null }: TaskCall, publication: Publication): Promise<void> {
    try {
      await publishDelayed(queue, publication, eta);
    } catch (error) {
      if (!(error instanceof Unroutable) || exchange !== undefined) throw error;
      // The queue was deleted since.
      queues.forget(queue);
      delays.forget(queue);
      await queues.declare(queue);
      await publishDelayed(queue, publication, eta);
    }
  }

  async function publishDelayed(queue: string, publication: Publication, eta: Date | null): Promise<void> {
    const delayed = delayUntil(publication, eta, new Date());
    if (delayed !== publication) await delays.declare(queue);
    await transport.publish(delayed);
  }

  function busyWith<Work extends Promise<unknown>>(promise: Work): Work {
    work.add(promise);
    promise.catch(() => undefined).finally(() => work.delete(promise));
    return promise;
  }

  return {
    send,
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
