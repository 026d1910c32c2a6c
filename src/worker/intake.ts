/**
 * How much the worker takes from the broker. `basic.qos` cannot be changed on a running consumer, so
 * there are two: the base consumer, with a prefetch of the slots, and the burst consumer, on only while
 * every task name seen lately is known to be short (an unknown task counts as long).
 *
 * When deliveries still wait for a slot after a second, the worker steps back: it cancels its consumers
 * and returns what waits, so that other workers get it, until a slot is free again.
 */
import type { TaskConsumer } from '../broker/consumer.ts';
import type { WorkerNode } from './node.ts';

const CHECK_EVERY_MS = 250;
const LONGEST_WAIT_MS = 1_000;
/** A task name counts as seen lately for this long after its last delivery. */
const RECENT_MS = 5_000;

export interface Intake {
  /** Takes nothing more. What waits goes back to the queue. */
  stop(): Promise<void>;
}

export function createIntake(node: WorkerNode, consumer: TaskConsumer): Intake {
  let steppedBack = false;
  const timer = setInterval(check, CHECK_EVERY_MS);

  function check(): void {
    if (steppedBack) return stepForward();
    const now = Date.now();
    if (node.executors.freeSlots <= 0 && longestWait(node, now) > LONGEST_WAIT_MS) return stepBack();
    consumer.burst = everythingIsShort(node, now);
  }

  function stepBack(): void {
    steppedBack = true;
    consumer.burst = false;
    consumer.pause().then(
      () => node.executors.recall(),
      (err: Error) => node.logger.warn({ err }, 'the consumers cannot be cancelled'),
    );
  }

  function stepForward(): void {
    if (node.executors.freeSlots <= 0) return;
    steppedBack = false;
    consumer.resume();
  }

  return {
    async stop() {
      clearInterval(timer);
      await consumer.pause();
      node.executors.recall();
    },
  };
}

function longestWait(node: WorkerNode, now: number): number {
  let longest = 0;
  for (const { waitingSince, startedAt } of node.requests) {
    if (waitingSince !== null && startedAt === null) longest = Math.max(longest, now - waitingSince);
  }
  return longest;
}

function everythingIsShort({ lastReceived, executors }: WorkerNode, now: number): boolean {
  for (const [name, time] of lastReceived) if (now - time > RECENT_MS) lastReceived.delete(name);
  return lastReceived.size > 0 && [...lastReceived.keys()].every((name) => executors.isShort(name));
}
