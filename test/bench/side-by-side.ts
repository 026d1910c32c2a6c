/** Our worker and Celery's, each with two slots and late acknowledgement, on queues of their own, results by rpc://. */
import { connect, type Omega } from '../../src/index.ts';
import setup from '../support/global-setup.ts';
import { brokerUrl, mongoUrl } from '../support/services.ts';
import { startCeleryWorker, startOmegaWorker } from './worker-processes.ts';

export const QUEUES = { omega: 'bench-omega', celery: 'bench-celery' } as const;
export type Contestant = keyof typeof QUEUES;

const CONCURRENCY = 2;
const DATABASE = 'bench';

/** Runs `measure` with both workers up and one client for both. */
export async function sideBySide(measure: (om: Omega) => Promise<void>): Promise<void> {
  const closers = [await setup()];
  try {
    const env = { OMEGA_RESULT_BACKEND: 'rpc://' };
    const modules = ['dist/test/bench/empty-task.js'];
    const options = { queue: QUEUES.omega, database: DATABASE, concurrency: CONCURRENCY, modules, env };
    closers.push((await startOmegaWorker(options)).stop);
    closers.push((await startCeleryWorker('bench_app', QUEUES.celery, CONCURRENCY)).stop);
    const om = await connect({ mongoUrl: mongoUrl(DATABASE), broker: brokerUrl(), resultBackend: 'rpc://' });
    closers.push(() => om.close());
    await measure(om);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
