/**
 * A task that kills the process that it runs in, each time: how often it runs, what becomes of it, and how long other
 * tasks take meanwhile.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Omega } from '../../src/index.ts';
import { QUEUES, sideBySide } from './contestants.ts';
import { CONTESTANTS, type Comparison, type Contestant, pair, percentile, single } from './statistics.ts';

const WATCHED_MS = 40_000;
const CONTROL_MS = 15_000;
/** Between two of the other tasks. */
const PAUSE_MS = 20;
const WARM_UP = 200;

interface Poisoning {
  readonly runs: number;
  /** Of them, those after its client was told that it had failed; null when it was not told. */
  readonly runsAfterEnd: number | null;
  /** Milliseconds of other tasks, 99 of 100. */
  readonly p99: number;
  readonly controlP99: number;
  /** While one such task comes after the other. */
  readonly constantP99: number;
}

export async function poison(): Promise<Comparison[]> {
  const results = new Map<Contestant, Poisoning>();
  await sideBySide('rpc', async ({ om }) => {
    for (const contestant of CONTESTANTS) results.set(contestant, await measure(om, contestant));
  });
  const of = (read: (poisoning: Poisoning) => number) =>
    CONTESTANTS.map((contestant) => {
      const poisoning = results.get(contestant);
      return poisoning ? read(poisoning) : Number.NaN;
    }) as [number, number];
  const [slower] = of(({ p99, controlP99 }) => p99 / controlP99);
  return [
    pair(
      'runs of a task that kills its process, in 40 s',
      '',
      of(({ runs }) => runs),
      '<= 5',
    ),
    pair(
      'of them after its client was told that it has failed',
      '',
      of(({ runsAfterEnd }) => runsAfterEnd ?? Number.NaN),
      '0',
    ),
    pair(
      'p99 of other tasks meanwhile',
      'ms',
      of(({ p99 }) => p99),
    ),
    pair(
      'p99 of other tasks while one such task comes after the other',
      'ms',
      of(({ constantP99 }) => constantP99),
    ),
    pair(
      'p99 of other tasks without it',
      'ms',
      of(({ controlP99 }) => controlP99),
    ),
    single('p99 of other tasks with it by without it', 'x', slower, '<= 1.5x'),
  ];
}

async function measure(om: Omega, contestant: Contestant): Promise<Poisoning> {
  const queue = QUEUES[contestant];
  const folder = mkdtempSync(join(tmpdir(), 'omega-bench-'));
  const path = join(folder, 'runs');
  try {
    for (let sent = 0; sent < WARM_UP; sent += 1) await om.runtime.send('bench.empty', [], {}, { queue });
    const control = await latencies(om, queue, CONTROL_MS);
    const handle = om.runtime.send('bench.poison', [path], {}, { queue });
    let runsAtEnd: number | null = null;
    const onEnd = (): void => {
      runsAtEnd = countRuns(path);
    };
    handle.get().then(onEnd, onEnd);
    const meanwhile = await latencies(om, queue, WATCHED_MS);
    const runs = countRuns(path);
    const runsAfterEnd = runsAtEnd === null ? null : runs - runsAtEnd;
    await handle.revoke();
    const constant = await whilePoisoned(om, { queue, path }, () => latencies(om, queue, CONTROL_MS));
    return {
      ...{ runs, runsAfterEnd, p99: percentile(meanwhile, 0.99) },
      ...{ controlP99: percentile(control, 0.99), constantP99: percentile(constant, 0.99) },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function countRuns(path: string): number {
  return readFileSync(path, 'utf8').trim().split('\n').length;
}

/** Sends such a task whenever the one before it has ended. */
async function whilePoisoned(
  om: Omega,
  { queue, path }: { readonly queue: string; readonly path: string },
  measureMeanwhile: () => Promise<number[]>,
): Promise<number[]> {
  let isOver = false;
  const send = () => om.runtime.send('bench.poison', [path], {}, { queue });
  let last = send();
  const follow = (): void => {
    const next = (): void => {
      if (isOver) return;
      last = send();
      follow();
    };
    last.get().then(next, next);
  };
  follow();
  const times = await measureMeanwhile();
  isOver = true;
  await last.revoke();
  return times;
}

async function latencies(om: Omega, queue: string, forMs: number): Promise<number[]> {
  const times: number[] = [];
  for (const end = performance.now() + forMs; performance.now() < end; ) {
    const begun = performance.now();
    await om.runtime.send('bench.empty', [], {}, { queue });
    times.push(performance.now() - begun);
    await sleep(PAUSE_MS);
  }
  return times;
}
