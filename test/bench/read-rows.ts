/** Reads 1,000,000 rows of 10 doubles from a dataset into columns: we, and pymongoarrow, in turns. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Column } from '../../src/frame/column.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { toFloat64Array } from '../../src/frame/numeric.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { createDatasets, type Datasets } from '../../src/store/datasets.ts';
import { pythonPath } from '../support/python.ts';
import { mongoUrl } from '../support/services.ts';
import { type Comparison, compare as sideBySide } from './statistics.ts';

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

export async function readRows(): Promise<Comparison[]> {
  const url = mongoUrl('bench_rows');
  const mongo = await connectMongo(url);
  try {
    await mongo.db.dropDatabase();
    return await compare(mongo, url);
  } finally {
    await mongo.db.dropDatabase();
    await mongo.close();
  }
}

async function compare(mongo: Mongo, url: string): Promise<Comparison[]> {
  const datasets = createDatasets(mongo, { bucket: 'omegaml' });
  const { collection = '' } = await datasets.put(randomFrame(), NAME);
  const ours: Reading[] = [];
  const peers: Reading[] = [];
  await readOurselves(datasets);
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await readOurselves(datasets));
    peers.push(readByPeer(url, mongo.db.databaseName, collection));
  }
  const sums = [...ours, ...peers].map(({ sum, rows }) => `${rows} ${sum.toFixed(3)}`);
  if (new Set(sums).size !== 1) throw new Error(`the readers disagree: ${sums.join('; ')}`);
  const seconds = (readings: readonly Reading[]) => readings.map((reading) => reading.seconds);
  const what = `reading ${ROWS} rows x ${COLUMNS.length} doubles, beside pymongoarrow`;
  return [sideBySide(what, 's', { omega: seconds(ours), peer: seconds(peers) }, '<= 0.35x')];
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
function readByPeer(url: string, database: string, collection: string): Reading {
  const args = [PEER, url, database, collection, COLUMNS.join(','), '2'];
  const output = execFileSync(pythonPath(), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Reading;
}
