/** Tasks that do nothing, a second, through our worker and Celery's. */
import { openDrainer, type Yield } from './backlog.ts';
import { inTurn, QUEUES, type Race, type ResultPath, sideBySide } from './contestants.ts';
import { CONTESTANTS, type Comparison, type Contestant, compare, noSamples } from './statistics.ts';

interface ThroughputCase {
  readonly what: string;
  readonly path: ResultPath;
  readonly yields: Yield;
  readonly goal: string;
}

const ROUNDS = Number(process.env.OMEGA_BENCH_ROUNDS ?? 5);
const WARM_UP = 1_000;
/** About two seconds each: a round is long against what starts and ends it. */
const TASKS: Readonly<Record<Contestant, number>> = { omega: 10_000, peer: 3_000 };
/** How many a live client has on their way at a time: enough to keep both workers busy. */
const IN_FLIGHT = 500;

/** No result is asked for, or it is sent, or stored. */
export const noResults = throughput({
  what: 'no results',
  path: 'rpc',
  yields: 'last reply',
  goal: '>= 3x',
});
export const rpcResults = throughput({ what: 'rpc://', path: 'rpc', yields: 'replies', goal: '>= 3x' });
export const mongoResults = throughput({
  what: 'mongodb://',
  path: 'mongodb',
  yields: 'documents',
  goal: '>= 4x',
});

function throughput({ what, path, yields, goal }: ThroughputCase): () => Promise<Comparison[]> {
  return async () => {
    const rates = noSamples();
    const supervisorCpu = noSamples();
    const executorsCpu = noSamples();
    await sideBySide(path, async (race) => {
      const drainer = await openDrainer(race, path, yields);
      await inTurn(ROUNDS, async (contestant) => {
        await drainer.drain(contestant, WARM_UP);
        const drained = await drainer.drain(contestant, TASKS[contestant]);
        rates[contestant].push(drained.tasksPerSecond);
        supervisorCpu[contestant].push(drained.supervisorCpu);
        executorsCpu[contestant].push(drained.executorsCpu);
      });
      await drainer.close();
    });
    return [
      compare(`${what}, from a backlog`, 'tasks/s', rates, goal),
      compare(`${what}, CPU of the supervisor`, 'µs/task', supervisorCpu),
      compare(`${what}, CPU of the executors`, 'µs/task', executorsCpu),
    ];
  };
}

/** Sent and awaited by one client for both, which shares the machine with them; results by rpc://. */
export async function liveClient(): Promise<Comparison[]> {
  const rates = noSamples();
  await sideBySide('rpc', async (race) => {
    for (const contestant of CONTESTANTS) await sendAndAwait(race, contestant, WARM_UP);
    await inTurn(ROUNDS, async (contestant) => {
      const count = TASKS[contestant];
      rates[contestant].push(count / (await sendAndAwait(race, contestant, count)));
    });
  });
  return [compare('rpc://, by a live client', 'tasks/s', rates, '>= 3x')];
}

/** @returns seconds. */
async function sendAndAwait({ om }: Race, contestant: Contestant, count: number): Promise<number> {
  let left = count;
  const start = performance.now();
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await om.runtime.send('bench.empty', [], {}, { queue: QUEUES[contestant] });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
  return (performance.now() - start) / 1000;
}
