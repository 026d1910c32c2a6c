/** What happens to workers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosWorker } from '../cluster/workers.ts';
import { untilAllReady } from '../recovery.ts';
import { canvasKinds } from '../workload/canvases.ts';
import { sendUnit } from '../workload/stream.ts';
import { AT_ONCE, delayAll, type Fault, RECONNECTS, RESTARTS, type Stage } from './fault.ts';

const CANVASES = 20;
const ROLLING_PATIENCE_MS = 60_000;

const killedSupervisor: Fault = {
  name: 'F8',
  title: 'supervisor killed',
  lasts: AT_ONCE,
  recoversWithin: RESTARTS,
  async inject({ workers, random }) {
    const worker = random.pick(workers.all);
    worker.end('SIGKILL');
    return { what: `killed the supervisor of ${worker.name}`, losses: 1 };
  },
};

const killedExecutor: Fault = {
  name: 'F8',
  title: 'executor killed',
  lasts: AT_ONCE,
  recoversWithin: RECONNECTS,
  async inject({ workers, random }) {
    const worker = random.pick(workers.all);
    const executors = worker.executorPids();
    if (executors.length === 0) return { what: `found no executor of ${worker.name}` };
    kill(random.pick(executors));
    return { what: `killed an executor of ${worker.name}`, losses: 1, ready: [worker] };
  },
};

const killedWorker: Fault = {
  name: 'F8',
  title: 'supervisor and executors killed',
  lasts: AT_ONCE,
  recoversWithin: RESTARTS,
  async inject({ workers, random }) {
    const worker = random.pick(workers.all);
    const executors = worker.executorPids();
    worker.end('SIGKILL');
    executors.forEach(kill);
    return { what: `killed all of ${worker.name}`, losses: 1 };
  },
};

/** The network makes the time long between a result, what comes after it, and the ack; canvases wait for just that. */
const killedWhileSlow: Fault = {
  name: 'F8',
  title: 'supervisors killed on a slow network',
  lasts: AT_ONCE,
  recoversWithin: RESTARTS,
  async inject({ workers, random, om, journal }) {
    const [milliseconds, rounds] = [random.integer(50, 300), 3];
    delayAll(workers, milliseconds);
    for (let round = 0; round < rounds; round += 1) {
      for (let left = CANVASES; left > 0; left -= 1) {
        const unit = await random.pick(canvasKinds).make(random, om);
        void sendUnit(unit, { om, journal });
      }
      await sleep(random.between(0.5, 2) * 1000);
      for (const worker of workers.all) worker.end('SIGKILL');
      await untilAll(async () => (await untilAllReady(workers.all, 1_000)) !== null);
    }
    const what = `delayed everything by ${milliseconds} ms, and killed all supervisors ${rounds} times`;
    return { what, losses: rounds, heal: async () => delayAll(workers, 0) };
  },
};

/** Long enough for the broker to give what it holds to others; it comes back and finds that. */
const frozenWorker: Fault = {
  name: 'F9',
  title: 'worker frozen',
  lasts: [3, 25],
  recoversWithin: RECONNECTS,
  async inject({ workers, random }) {
    const worker = random.pick(workers.all);
    const executors = random.pick([true, false]) ? worker.executorPids() : [];
    worker.signal('SIGSTOP');
    for (const pid of executors) send(pid, 'SIGSTOP');
    return {
      what: `froze ${worker.name}${executors.length > 0 ? ' and its executors' : ''}`,
      losses: 1,
      unready: [worker],
      async heal() {
        for (const pid of executors) send(pid, 'SIGCONT');
        worker.signal('SIGCONT');
      },
    };
  },
};

const rollingRestart: Fault = {
  name: 'F27',
  title: 'rolling restart',
  lasts: AT_ONCE,
  recoversWithin: RESTARTS,
  async inject({ workers, random }) {
    const signal = random.pick(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const);
    for (const worker of workers.all) await restart(worker, signal);
    // A cold shutdown ends what runs, and gives it back.
    const losses = signal === 'SIGQUIT' ? workers.all.length : 0;
    return { what: `sent ${signal} to one worker after the other`, losses };
  },
};

const restartAtOnce: Fault = {
  name: 'F27',
  title: 'all workers restarted at once',
  lasts: AT_ONCE,
  recoversWithin: RESTARTS,
  async inject({ workers, random }: Stage) {
    const signal = random.pick(['SIGTERM', 'SIGQUIT'] as const);
    const starts = workers.all.map(({ starts: count }) => count);
    for (const worker of workers.all) worker.end(signal);
    await untilAll(() => workers.all.every((worker, index) => worker.starts > (starts[index] ?? 0)));
    return { what: `sent ${signal} to all workers`, losses: signal === 'SIGQUIT' ? 1 : 0 };
  },
};

export const workerFaults: readonly Fault[] = [
  ...[killedSupervisor, killedExecutor, killedWorker, killedWhileSlow, frozenWorker],
  ...[rollingRestart, restartAtOnce],
];

async function restart(worker: ChaosWorker, signal: NodeJS.Signals): Promise<void> {
  const { starts } = worker;
  worker.end(signal);
  await untilAll(async () => worker.starts > starts && (await worker.isReady()));
}

async function untilAll(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + ROLLING_PATIENCE_MS;
  while (!(await condition()) && Date.now() < deadline) await sleep(100);
}

function kill(pid: number): void {
  send(pid, 'SIGKILL');
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
