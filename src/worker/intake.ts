/**
 * Takes deliveries from the broker, and decides how many. `basic.qos` cannot be changed on a running
 * consumer, so there are two: the base consumer, with a prefetch of the slots, and the burst consumer, on
 * only while every task name seen lately is known to be short (an unknown task counts as long).
 *
 * When deliveries still wait for a slot after a second, the worker steps back: it cancels its consumers
 * and returns what waits, so that other workers get it, until a slot is free again. It does the same while something
 * holds it (holds.ts).
 */
import type { Broker } from '../broker/broker.ts';
import type { TaskConsumer } from '../broker/consumer.ts';
import type { QueueBinding } from '../contract/queue.ts';
import { UNREGISTERED } from '../metrics/cardinality.ts';
import type { WorkerNode } from './node.ts';
import { handleDelivery } from './request.ts';

const CHECK_EVERY_MS = 250;
const LONGEST_WAIT_MS = 1_000;
/** A task name counts as seen lately for this long after its last delivery. */
const RECENT_MS = 5_000;

export interface Intake {
  /** Whether deliveries can arrive now. */
  readonly consuming: boolean;
  /** Why they cannot; null when they can, and when it is only that every slot is busy. */
  readonly obstacle: string | null;
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
  const gate = createGate(node, consumer);
  const timer = setInterval(() => gate.check(), CHECK_EVERY_MS);

  return {
    get consuming() {
      return consumer.consuming;
    },
    get obstacle() {
      const isSteppedBack = gate.isBusy && broker.state !== 'connecting';
      return consumer.consuming || isSteppedBack ? null : 'does not consume';
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
    start() {
      gate.open();
      return untilConsuming(consumer);
    },
    async stop() {
      clearInterval(timer);
      gate.close();
      await consumer.pause();
      executors.recall();
      await Promise.all(handling);
      await consumer.close();
    },
  };
}

/** Lets deliveries in, or not. */
interface Gate {
  /** Whether deliveries waited for too long when it was looked last, and no slot is free since. */
  readonly isBusy: boolean;
  check(): void;
  open(): void;
  close(): void;
}

function createGate(node: WorkerNode, consumer: TaskConsumer): Gate {
  const { executors, holds } = node;
  let state: 'closed' | 'open' | 'stepped back' = 'closed';
  let isBusy = false;
  holds.onChange(apply);

  function apply(): void {
    const isHeld = isBusy || holds.reason !== null;
    if (state === 'open' && isHeld) stepBack();
    else if (state === 'stepped back' && !isHeld) open();
  }

  function stepBack(): void {
    state = 'stepped back';
    consumer.burst = false;
    consumer.pauseShared().then(
      () => executors.recall(),
      (err: Error) => node.logger.warn({ err }, 'the consumers cannot be cancelled'),
    );
  }

  function open(): void {
    state = 'open';
    consumer.resume();
    apply();
  }

  return {
    get isBusy() {
      return isBusy;
    },
    check() {
      recallLost(node);
      isBusy = executors.freeSlots === 0 && (isBusy || longestWait(node) > LONGEST_WAIT_MS);
      apply();
      if (state === 'open') consumer.burst = everythingIsShort(node);
    },
    open,
    close() {
      state = 'closed';
    },
  };
}

async function untilConsuming(consumer: TaskConsumer): Promise<void> {
  if (consumer.consuming) return;
  await new Promise<void>((resolve) => {
    const end = consumer.onChange((consuming) => {
      if (!consuming) return;
      end();
      resolve();
    });
  });
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
