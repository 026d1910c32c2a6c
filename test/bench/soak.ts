/** 50,000 tasks through our worker: what it keeps of them, and whether its event loop stays free. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Omega } from '../../src/index.ts';
import { connectClient, QUEUES, startOmega } from './contestants.ts';
import { openFiles, residentMegabytes } from './process-usage.ts';
import { type Comparison, single } from './statistics.ts';

const FIRST = 10_000;
const ALL = 50_000;
const IN_FLIGHT = 500;
/** Samples of memory while nothing runs: the least of them is what is held. */
const SAMPLES = 10;
const SAMPLE_MS = 500;

export async function soak(): Promise<Comparison[]> {
  const worker = await startOmega('both');
  const om = await connectClient('both');
  try {
    await run(om, FIRST);
    const before = await held(worker.pid);
    // Reading it starts it afresh.
    await loopLagP99(worker.url);
    await run(om, ALL - FIRST);
    const lag = await loopLagP99(worker.url);
    const after = await held(worker.pid);
    return [
      single('RSS of the supervisor after 10,000 tasks', 'MB', before.megabytes),
      single('RSS gained from there to 50,000 tasks', 'MB', after.megabytes - before.megabytes, '< 5 MB'),
      single('file descriptors gained', '', after.files - before.files, '0'),
      single('loop lag p99 while both slots are busy', 'ms', lag * 1000, '< 50 ms'),
    ];
  } finally {
    await om.close();
    await worker.stop();
  }
}

async function run(om: Omega, count: number): Promise<void> {
  let left = count;
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await om.runtime.send('bench.empty', [], {}, { queue: QUEUES.omega });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
}

async function held(pid: number): Promise<{ megabytes: number; files: number }> {
  let megabytes = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    await sleep(SAMPLE_MS);
    megabytes = Math.min(megabytes, residentMegabytes(pid));
  }
  return { megabytes, files: openFiles(pid) };
}

async function loopLagP99(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(text)?.[1]);
}
