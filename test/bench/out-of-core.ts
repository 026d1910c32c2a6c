/** A dataset that is larger than memory may be: fitted, scored and predicted by one worker, and what that takes of memory. */

import { FrameSequence } from '../../src/frame/frame-sequence.ts';
import { connect, DataFrame, type Omega } from '../../src/index.ts';
import { Ridge } from '../../src/ml/ridge.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { brokerUrl, mongoUrl } from '../support/services.ts';
import { childrenOf, residentMegabytes } from './process-usage.ts';
import { type Comparison, single } from './statistics.ts';
import { startOmegaWorker } from './worker-processes.ts';

const QUEUE = 'bench-out-of-core';
const COLUMNS = 20;
const BLOCK_ROWS = 65_536;
/** 2 GiB of doubles, the labels included. */
const BLOCKS = Math.ceil(2 ** 31 / 8 / (COLUMNS + 1) / BLOCK_ROWS);
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 900_000;

export async function outOfCore(): Promise<Comparison[]> {
  const url = mongoUrl('bench_out_of_core');
  const worker = await startOmegaWorker({ queue: QUEUE, mongoUrl: url, concurrency: 1 });
  const om = await connect({ mongoUrl: url, broker: brokerUrl(), queues: QUEUE });
  try {
    await om.datasets.put(new FrameSequence(blocks), 'big', { layout: 'columns', append: false });
    await om.models.put(new Ridge({ alpha: 1 }), 'line');
    const memory = watchMemory(worker.pid);
    const times = await work(om);
    const peak = memory.end();
    return [
      single('fit of 2 GiB by a Ridge, with its score', 's', times.fit),
      single('its score alone', 's', times.score),
      single('its prediction, stored', 's', times.predict),
      single('R²', '', times.r2, '> 0.99'),
      single('resident memory of the worker and its executor together, at most', 'MB', peak, '< 400 MB'),
    ];
  } finally {
    await om.close();
    await worker.stop();
    const mongo = await connectMongo(url);
    await mongo.db.dropDatabase();
    await mongo.close();
  }
}

async function work(om: Omega): Promise<{ fit: number; score: number; predict: number; r2: number }> {
  const model = om.runtime.model('line');
  const X = 'big[^y]';
  const fit = await seconds(() => model.fit(X, 'big[y]').get({ timeout: PATIENCE_MS }));
  let r2 = Number.NaN;
  const score = await seconds(async () => {
    r2 = await model.score(X, 'big[y]').get({ timeout: PATIENCE_MS });
  });
  const predict = await seconds(() =>
    model.predict(X, { result: 'predicted' }).get({ timeout: PATIENCE_MS }),
  );
  return { fit, score, predict, r2 };
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await action();
  return (performance.now() - begun) / 1000;
}

/** Columns of noise, and labels that follow from them but for a little. */
async function* blocks(): AsyncGenerator<DataFrame> {
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  for (let block = 0; block < BLOCKS; block += 1) {
    const columns = Array.from({ length: COLUMNS }, () => Float64Array.from({ length: BLOCK_ROWS }, random));
    const y = Float64Array.from({ length: BLOCK_ROWS }, (_, row) =>
      columns.reduce((sum, values, i) => sum + (i + 1) * (values[row] ?? 0), random() / 10),
    );
    const named = [...columns.map((values, i) => [`x${i}`, values] as const), ['y', y] as const];
    yield new DataFrame(new Map(named.map(([name, values]) => [name, { type: 'float64', values }])));
  }
}

/** The most that a process and those that it has started have in memory together. */
function watchMemory(pid: number): { end(): number } {
  let peak = 0;
  const look = (): void => {
    const all = [pid, ...childrenOf(pid)].map(residentOf);
    peak = Math.max(
      peak,
      all.reduce((sum, megabytes) => sum + megabytes, 0),
    );
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    end() {
      clearInterval(timer);
      return peak;
    },
  };
}

/** 0 of one that has just ended. */
function residentOf(pid: number): number {
  try {
    return residentMegabytes(pid);
  } catch {
    return 0;
  }
}
