/** Reads 1,000,000 rows of 10 doubles from a dataset into columns: we, and pymongoarrow, in turns. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Column } from '../../src/frame/column.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { toFloat64Array } from '../../src/frame/numeric.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { createDatasets, type Datasets } from '../../src/store/datasets.ts';
import setup from '../support/global-setup.ts';
import { pythonPath } from '../support/python.ts';
import { mongoUrl } from '../support/services.ts';
import { median } from './side-by-side.ts';

const ROWS = 1_000_000;
const COLUMNS = Array.from({ length: 10 }, (_, i) => `x${i}`);
const ROUNDS = 5;
const NAME = 'rows';
const PEER = fileURLToPath(new URL('../../../test/bench/peers/read_rows.py', import.meta.url));

interface Reading {
  readonly seconds: number;
  readonly rows: number;
  /** Of all values: both must have read the same. */
  readonly sum: number;
}

const teardown = await setup();
const url = mongoUrl('bench_rows');
const mongo = await connectMongo(url);
try {
  await mongo.db.dropDatabase();
  await compare(mongo, createDatasets(mongo, { bucket: 'omegaml' }));
} finally {
  await mongo.db.dropDatabase();
  await mongo.close();
  await teardown();
}

async function compare(mongo: Mongo, datasets: Datasets): Promise<void> {
  const { collection = '' } = await datasets.put(randomFrame(), NAME);
  const readings: Record<'omega' | 'pymongoarrow', Reading[]> = { omega: [], pymongoarrow: [] };
  await readOurselves(datasets);
  for (let round = 0; round < ROUNDS; round += 1) {
    readings.omega.push(await readOurselves(datasets));
    readings.pymongoarrow.push(readByPeer(mongo.db.databaseName, collection));
  }
  const sums = Object.values(readings).flatMap((each) =>
    each.map(({ sum, rows }) => `${rows} ${sum.toFixed(3)}`),
  );
  if (new Set(sums).size !== 1) throw new Error(`the readers disagree: ${sums.join('; ')}`);
  const seconds = {
    omega: median(readings.omega.map((reading) => reading.seconds)),
    pymongoarrow: median(readings.pymongoarrow.map((reading) => reading.seconds)),
  };
  const ratio = seconds.omega / seconds.pymongoarrow;
  console.log(JSON.stringify({ rows: ROWS, columns: COLUMNS.length, seconds, ratio, readings }));
  console.log(
    `${ROWS} rows × ${COLUMNS.length} doubles: ours ${seconds.omega.toFixed(2)} s, pymongoarrow ${seconds.pymongoarrow.toFixed(2)} s: ${ratio.toFixed(2)} of its time (goal: at most 0.35)`,
  );
}

function randomFrame(): DataFrame {
  const columns = COLUMNS.map((name): [string, Column] => [
    name,
    { type: 'float64', values: Float64Array.from({ length: ROWS }, Math.random) },
  ]);
  return new DataFrame(new Map(columns));
}

async function readOurselves(datasets: Datasets): Promise<Reading> {
  const start = performance.now();
  const frame = (await datasets.get(NAME)) as DataFrame;
  const seconds = (performance.now() - start) / 1000;
  const sums = COLUMNS.map((name) => toFloat64Array(frame.column(name), name).reduce((sum, x) => sum + x, 0));
  return { seconds, rows: frame.rowCount, sum: sums.reduce((sum, x) => sum + x, 0) };
}

/** The second of two readings of a fresh process: both sides are timed warm. */
function readByPeer(database: string, collection: string): Reading {
  const args = [PEER, url, database, collection, COLUMNS.join(','), '2'];
  const output = execFileSync(pythonPath(), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Reading;
}
