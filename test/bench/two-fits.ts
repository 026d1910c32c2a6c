/** Two fits at once on a worker with two slots, beside the same fits one after the other, which have all cores each. */
import { RandomForestClassifier } from 'ml-random-forest';
import type { Column } from '../../src/frame/column.ts';
import { DataFrame, type Omega } from '../../src/index.ts';
import { connectClient, QUEUES, startOmega } from './contestants.ts';
import { type Comparison, median, single } from './statistics.ts';

const ROWS = 50_000;
const COLUMNS = 20;
const ROUNDS = 3;
const MODELS = ['first', 'second'] as const;
const PATIENCE_MS = 300_000;

export async function twoFits(): Promise<Comparison[]> {
  const worker = await startOmega('rpc');
  const om = await connectClient('rpc');
  const ratios: number[] = [];
  try {
    await om.datasets.put(rows(), 'rows', { layout: 'columns', append: false });
    for (const model of MODELS) await om.models.put(new RandomForestClassifier({ nEstimators: 40 }), model);
    // The first round starts threads and compiles code.
    for (let round = 0; round <= ROUNDS; round += 1) {
      const inTurn = await seconds(async () => {
        for (const model of MODELS) await fitOne(om, model);
      });
      const atOnce = await seconds(async () => {
        await Promise.all(MODELS.map((model) => fitOne(om, model)));
      });
      if (round > 0) ratios.push(atOnce / inTurn);
    }
  } finally {
    await om.close();
    await worker.stop();
  }
  return [single('two fits at once, by the same fits one after the other', '', median(ratios), '<= 1.2')];
}

async function fitOne(om: Omega, model: string): Promise<void> {
  const options = { queue: QUEUES.omega };
  const task = om.runtime.send('omegaml.tasks.omega_fit', [model, 'rows[^y]'], { Yname: 'rows[y]' }, options);
  await task.get({ timeout: PATIENCE_MS });
}

async function seconds(action: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await action();
  return (performance.now() - begun) / 1000;
}

function rows(): DataFrame {
  const columns = Array.from({ length: COLUMNS }, (_, i): [string, Column] => {
    return [
      `x${i}`,
      { type: 'float64', values: Float64Array.from({ length: ROWS }, (_, row) => Math.sin(row * (i + 1.7))) },
    ];
  });
  const y = Int32Array.from({ length: ROWS }, (_, row) =>
    Number(Math.sin(row * 1.7) + Math.sin(row * 2.7) > 0),
  );
  return new DataFrame(new Map([...columns, ['y', { type: 'int32', values: y }]]));
}
