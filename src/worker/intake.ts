/**
 * Takes deliveries from the broker, and decides how many. `basic.qos` cannot be changed on a running
 * consumer, so there are two: the base consumer, with a prefetch of the slots, and the burst consumer, on
 * only while every task name seen lately is known to be short (an unknown task counts as long).
 *
 * When deliveries still wait for a slot after a second, the worker steps back: it cancels its consumers
 * and returns what waits, so that other workers get it, until a slot is free again.
 */
import type { Broker } from '../broker/broker.ts';
import type { QueueBinding } from '../contract/queue.ts';
import type { WorkerNode } from './node.ts';
import { UNREGISTERED } from './report.ts';
import { handleDelivery } from './request.ts';

const CHECK_EVERY_MS = 250;
const LONGEST_WAIT_MS = 1_000;
/** A task name counts as seen lately for this long after its last delivery. */
const RECENT_MS = 5_000;

export interface Intake {
  /** Whether deliveries can arrive now. */
  readonly consuming: boolean;
  /** The queues that are consumed. */
  readonly queues: readonly QueueBinding[];
  /** Deliveries that the broker lets the worker have. */
  readonly prefetch: number;
  /** Consumes one queue more. @throws InvalidName, ImproperlyConfigured */
  addQueue(binding: QueueBinding): void;
  /** Takes nothing more from a queue. */
  cancelQueue(name: string): void;
  /** Takes as many deliveries as there are slots. */
  resize(slots: number): void;
  /** Consumes from now on. Resolves when the broker has confirmed the consumers. */
  start(): Promise<void>;
  /** Takes nothing more; what waits goes back to its queue. Resolves when every delivery is settled. */
  stop(): Promise<void>;
}

/** Nothing is consumed before its start. @param slots how many deliveries are taken at once. */
export function openIntake(
  node: WorkerNode,
  broker: Broker,
  { queues, slots }: { readonly queues: readonly QueueBinding[]; readonly slots: number },
): Intake {
  const { executors } = node;
  const handling = new Set<Promise<void>>();
  const consumer = broker.createConsumer({ queues, prefetch: slots }, (delivery) => {
    const handled = handleDelivery(node, delivery).finally(() => handling.delete(handled));
    handling.add(handled);
  });
  consumer.pause().catch((err: Error) => node.logger.warn({ err }, 'the consumers cannot be paused'));
  const timer = setInterval(check, CHECK_EVERY_MS);
  let steppedBack = false;

  function check(): void {
    recallLost(node);
    const slotIsFree = executors.freeSlots > 0;
    if (steppedBack && slotIsFree) stepForward();
    else if (!steppedBack && !slotIsFree && longestWait(node) > LONGEST_WAIT_MS) stepBack();
    else if (!steppedBack) consumer.burst = everythingIsShort(node);
  }

  function stepBack(): void {
    steppedBack = true;
    consumer.burst = false;
    consumer.pauseShared().then(
      () => executors.recall(),
      (err: Error) => node.logger.warn({ err }, 'the consumers cannot be cancelled'),
    );
  }

  function stepForward(): void {
    steppedBack = false;
    consumer.resume();
  }

  return {
    get consuming() {
      return consumer.consuming;
    },
    get queues() {
      return consumer.queues;
    },
    get prefetch() {
      return consumer.prefetch;
    },
    addQueue: (binding) => consumer.addQueue(binding),
    cancelQueue: (name) => void consumer.cancelQueue(name),
    resize: (prefetch) => consumer.resize(prefetch),
    async start() {
      consumer.resume();
      if (consumer.consuming) return;
      await new Promise<void>((resolve) => {
        const end = consumer.onChange((consuming) => {
          if (!consuming) return;
          end();
          resolve();
        });
      });
    },
    async stop() {
      clearInterval(timer);
      await consumer.pause();
      executors.recall();
      await Promise.all(handling);
      await consumer.close();
    },
  };
}

/** What waits on a channel that is gone is delivered again, here or elsewhere: it need not run from here. */
function recallLost({ requests, executors }: WorkerNode): void {
  const lost = [...requests.keys()].filter(({ delivery, startedAt }) => delivery.lost && startedAt === null);
  if (lost.length > 0) executors.recall(lost.map(({ message }) => message.taskId));
}

function longestWait({ requests }: WorkerNode): number {
  const now = Date.now();
  let longest = 0;
  for (const { waitingSince, startedAt } of requests.keys()) {
    if (waitingSince !== null && startedAt === null) longest = Math.max(longest, now - waitingSince);
  }
  return longest;
}

function everythingIsShort({ received, executors }: WorkerNode): boolean {
  const since = Date.now() - RECENT_MS;
  const recent = [...received].filter(([, { last }]) => last > since);
  return recent.length > 0 && recent.every(([name]) => name === UNREGISTERED || executors.isShort(name));
}
