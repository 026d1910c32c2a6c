/** Our worker and Celery's, each with two slots and late acknowledgement, on queues of their own. */
import { connect, type Omega } from '../../src/index.ts';
import { brokerUrl, mongoUrl } from '../support/services.ts';
import { CONTESTANTS, type Contestant } from './statistics.ts';
import { startCeleryWorker, startOmegaWorker, type WorkerProcess } from './worker-processes.ts';

export const QUEUES: Readonly<Record<Contestant, string>> = { omega: 'bench-omega', peer: 'bench-celery' };

/** Where both workers put results; `both` is our default, stored and then sent, beside Celery's mongodb://. */
export type ResultPath = 'rpc' | 'mongodb' | 'both';

export interface Race {
  readonly workers: Readonly<Record<Contestant, WorkerProcess>>;
  /** One client for both. */
  readonly om: Omega;
}

const CONCURRENCY = 2;

/** URL of the database that holds a contestant's results. */
export function resultsUrl(contestant: Contestant): string {
  return mongoUrl(`bench_${contestant}`);
}

/** Celery's result backend on the same path as ours. */
export function celeryBackend(path: ResultPath): string {
  return path === 'rpc' ? 'rpc://' : resultsUrl('peer');
}

/** Runs `measure` with both workers up. */
export async function sideBySide(path: ResultPath, measure: (race: Race) => Promise<void>): Promise<void> {
  const closers: (() => Promise<void>)[] = [];
  try {
    const omega = await startOmega(path);
    closers.push(omega.stop);
    const env = { OMEGA_BENCH_BACKEND: celeryBackend(path) };
    const celery = await startCeleryWorker('bench_app', QUEUES.peer, CONCURRENCY, env);
    closers.push(celery.stop);
    const om = await connectClient(path);
    closers.push(() => om.close());
    await measure({ workers: { omega, peer: celery }, om });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** One and then the other: the machine may be faster now than it is then. */
export async function inTurn(rounds: number, run: (contestant: Contestant) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of CONTESTANTS) await run(contestant);
  }
}

/** Our worker alone. */
export function startOmega(path: ResultPath): ReturnType<typeof startOmegaWorker> {
  return startOmegaWorker({
    queue: QUEUES.omega,
    mongoUrl: resultsUrl('omega'),
    concurrency: CONCURRENCY,
    modules: ['dist/test/bench/tasks.js'],
    env: { OMEGA_RESULT_BACKEND: omegaBackend(path) },
  });
}

export function connectClient(path: ResultPath): Promise<Omega> {
  const resultBackend = path === 'rpc' ? 'rpc://' : '';
  return connect({ mongoUrl: resultsUrl('omega'), broker: brokerUrl(), resultBackend });
}

function omegaBackend(path: ResultPath): string {
  if (path === 'both') return '';
  return path === 'rpc' ? 'rpc://' : resultsUrl('omega');
}
