/** Whether the workers work: they say so, and they do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Omega, signature } from '../../src/index.ts';
import type { ChaosWorker } from './cluster/workers.ts';
import { empty } from './tasks.ts';

const POLL_MS = 100;
/** Of a worker that says that it is ready: its slots may be busy with tasks that take some seconds. */
const WORKS_WITHIN_MS = 30_000;

/** Waits until every worker says that it is ready. @returns the time when all did, null if they did not in time. */
export async function untilAllReady(
  workers: readonly ChaosWorker[],
  patienceMs: number,
): Promise<number | null> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const ready = await Promise.all(workers.map((worker) => worker.isReady()));
    if (ready.every(Boolean)) return Date.now();
    await sleep(POLL_MS);
  }
  return null;
}

/** Names of the workers that do not run a task of their own queue. */
export async function idleWorkers(workers: readonly ChaosWorker[], om: Omega): Promise<string[]> {
  const working = await Promise.all(workers.map((worker) => doesWork(worker, om)));
  return workers.filter((_, index) => !working[index]).map(({ name }) => name);
}

/** @throws Error when they do not in time. */
export async function untilAllWork(
  workers: readonly ChaosWorker[],
  om: Omega,
  patienceMs: number,
): Promise<void> {
  const readyAt = await untilAllReady(workers, patienceMs);
  const idle = readyAt === null ? workers.map(({ name }) => name) : await idleWorkers(workers, om);
  if (idle.length > 0) throw new Error(`these workers do not work: ${idle.join(', ')}`);
}

async function doesWork({ ownQueue }: ChaosWorker, om: Omega): Promise<boolean> {
  const handle = om.runtime.apply(signature(empty, {}), { queue: ownQueue });
  return await handle.get({ timeout: WORKS_WITHIN_MS }).then(
    () => true,
    () => false,
  );
}
