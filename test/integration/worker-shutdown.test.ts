/** Warm, soft and cold shutdown, by the signals that Celery's users know. */
import { once } from 'node:events';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Omega } from '../../src/omega.ts';
import { createShutdown } from '../../src/worker/shutdown.ts';
import { until } from '../support/broker-harness.ts';
import { heldJob, useExecutors } from '../support/executors.ts';
import { note } from '../support/tasks.ts';
import {
  isAlive,
  metric,
  type Place,
  type TestWorker,
  useClient,
  usePlace,
  useTrace,
  useWorker,
} from '../support/worker.ts';

interface Running {
  readonly om: Omega;
  readonly place: Place;
  readonly worker: TestWorker;
  /** What its tasks have noted. */
  readonly lines: () => string[];
  /** How many tasks are in the queue. */
  readonly waiting: () => Promise<number | null>;
}

/** A worker on which tasks of so many seconds have started. */
async function useRunning(
  seconds: readonly number[],
  flags: readonly string[] = [],
  nodeFlags: readonly string[] = [],
): Promise<Running> {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, flags, nodeFlags)]);
  const { path, lines } = useTrace();
  const handles = seconds.map((each) => om.runtime.task(note)({ path, text: `${each} s`, seconds: each }));
  const isStarted = async (handle: (typeof handles)[number]) => (await handle.state()) !== 'PENDING';
  await until(async () => (await Promise.all(handles.map(isStarted))).every(Boolean));
  return { om, place, worker, lines, waiting: () => om.runtime.purge(place.queue) };
}

/** Sends the signals one after the other, and waits for the end. @returns status and seconds */
async function end({ process: child }: TestWorker, ...signals: readonly NodeJS.Signals[]) {
  const exited = once(child, 'exit');
  const begun = Date.now();
  for (const signal of signals) {
    child.kill(signal);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const [status] = await exited;
  return { status, seconds: (Date.now() - begun) / 1000 };
}

describe('warm', () => {
  it('SIGTERM lets what runs finish, however often it comes', async () => {
    const { worker, lines, waiting } = await useRunning([2]);
    expect(await end(worker, 'SIGTERM', 'SIGTERM')).toMatchObject({ status: 0 });
    expect(lines()).toEqual(['2 s']);
    expect(await waiting()).toBe(0);
  });

  it('an idle worker ends within two seconds', async () => {
    const { worker } = await useRunning([]);
    const { status, seconds } = await end(worker, 'SIGTERM');
    expect(status).toBe(0);
    expect(seconds).toBeLessThan(4);
  });

  it('the connection stays alive until the last task is acknowledged, longer than its heartbeat lets it', async () => {
    vi.stubEnv('OMEGA_BROKER_HEARTBEAT', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { worker, lines, waiting } = await useRunning([6]);
    expect(await end(worker, 'SIGTERM')).toMatchObject({ status: 0 });
    expect(lines()).toEqual(['6 s']);
    expect(await waiting()).toBe(0);
    expect(worker.lines.filter(({ msg }) => String(msg).includes('is lost'))).toEqual([]);
  });
});

describe('cold', () => {
  it.each<NodeJS.Signals[]>([['SIGQUIT'], ['SIGINT', 'SIGINT']])(
    '%s ends what runs, and gives it back',
    async (...signals) => {
      const { worker, lines, waiting } = await useRunning([60]);
      const executors = worker.executorPids();
      const { status, seconds } = await end(worker, ...signals);
      expect(status).toBe(0);
      expect(seconds).toBeLessThan(5);
      expect(lines()).toEqual([]);
      expect(await waiting()).toBe(1);
      expect(executors.filter(isAlive)).toEqual([]);
    },
  );

  it('REMAP_SIGTERM lets SIGTERM mean that', async () => {
    vi.stubEnv('REMAP_SIGTERM', 'SIGQUIT');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { worker, waiting } = await useRunning([60]);
    expect(await end(worker, 'SIGTERM')).toMatchObject({ status: 0 });
    expect(await waiting()).toBe(1);
  });
});

describe('soft', () => {
  it('ends what runs when the time of its shutdown is over, and gives it back', async () => {
    const { worker, lines, waiting } = await useRunning([2, 60], ['--soft-shutdown-timeout', '3']);
    expect(await end(worker, 'SIGQUIT')).toMatchObject({ status: 0 });
    expect(lines()).toEqual(['2 s']);
    expect(await waiting()).toBe(1);
  });

  it('a second SIGQUIT waits no longer', async () => {
    const { worker, waiting } = await useRunning([60], ['--soft-shutdown-timeout', '50']);
    const { status, seconds } = await end(worker, 'SIGQUIT', 'SIGQUIT');
    expect(status).toBe(0);
    expect(seconds).toBeLessThan(6);
    expect(await waiting()).toBe(1);
  });
});

it('an error that nobody caught ends the worker, with a line in the log, and gives back what runs', async () => {
  const trap = "process.once('SIGUSR2', () => { throw new Error('nobody caught this'); })";
  const { worker, waiting } = await useRunning([60], [], ['--import', `data:text/javascript,${trap}`]);
  expect(await end(worker, 'SIGUSR2')).toMatchObject({ status: 70 });
  const fatal = worker.lines.find(({ level }) => level === 60);
  expect(fatal).toMatchObject({ err: { message: 'nobody caught this' } });
  expect(await waiting()).toBe(1);
});

it('a task that lives through ten rolling restarts is not given up', async () => {
  const { om, place, worker, lines } = await useRunning([60]);
  let current = worker;
  for (let restart = 1; restart <= 10; restart += 1) {
    await end(current, 'SIGQUIT');
    current = await useWorker(place);
    await until(async () => (await metric(current, 'omega_worker_active_tasks')) === 1);
  }
  await end(current, 'SIGQUIT');
  expect(lines()).toEqual([]);
  expect(await om.runtime.purge(place.queue)).toBe(1);
}, 120_000);

it('tasks that a shutdown has no more time for are counted once, however often it is asked for', async () => {
  const executors = await useExecutors();
  const { job } = heldJob();
  await new Promise<void>((resolve) => {
    void executors.dispatch(job, { timeLimit: null, onStarted: () => resolve() });
  });
  const aborted: number[] = [];
  const { cold } = createShutdown({
    ...{ executors, logger: pino({ enabled: false }), softTimeout: 0, stopping: new AbortController() },
    onAborted: (tasks) => aborted.push(tasks),
    close: () => executors.close(),
  });
  await Promise.all([cold(), cold()]);
  expect(aborted).toEqual([1]);
});
