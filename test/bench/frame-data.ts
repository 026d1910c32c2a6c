/** The table that readers and writers are measured with, and how often. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Column } from '../../src/frame/column.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { toFloat64Array } from '../../src/frame/numeric.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { createDatasets, type Datasets } from '../../src/store/datasets.ts';
import { pythonPath } from '../support/python.ts';
import { mongoUrl } from '../support/services.ts';

export const ROWS = 1_000_000;
export const COLUMNS = Array.from({ length: 10 }, (_, i) => `x${i}`);
export const ROUNDS = 5;

/** What a reader or a writer has done. */
export interface Timing {
  readonly seconds: number;
  readonly rows: number;
  /** Of all values: all contestants must have met the same. */
  readonly sum: number;
}

export interface Place {
  readonly mongo: Mongo;
  readonly url: string;
  readonly datasets: Datasets;
}

/** Gives a database of its own, which is empty before and gone afterwards. */
export async function inDatabase<Result>(
  name: string,
  use: (place: Place) => Promise<Result>,
): Promise<Result> {
  const url = mongoUrl(name);
  const mongo = await connectMongo(url);
  try {
    await mongo.db.dropDatabase();
    return await use({ mongo, url, datasets: createDatasets(mongo, { bucket: 'omegaml' }) });
  } finally {
    await mongo.db.dropDatabase();
    await mongo.close();
  }
}

export function randomFrame(): DataFrame {
  const columns = COLUMNS.map((name): [string, Column] => [
    name,
    { type: 'float64', values: Float64Array.from({ length: ROWS }, Math.random) },
  ]);
  return new DataFrame(new Map(columns));
}

export function sumOf(frame: DataFrame): number {
  const sums = frame.columnNames.map((name) =>
    toFloat64Array(frame.column(name), name).reduce((sum, value) => sum + value, 0),
  );
  return sums.reduce((sum, value) => sum + value, 0);
}

/** @throws Error when the contestants have not met the same rows and values. */
export function requireSame(timings: readonly Timing[]): void {
  const sums = timings.map(({ sum, rows }) => `${rows} ${sum.toFixed(3)}`);
  if (new Set(sums).size !== 1) throw new Error(`the contestants disagree: ${sums.join('; ')}`);
}

export function secondsOf(timings: readonly Timing[]): number[] {
  return timings.map(({ seconds }) => seconds);
}

/** Runs a script of `peers` and returns what its last line says. */
export function timePeer(script: string, ...args: readonly string[]): Timing {
  const path = fileURLToPath(new URL(`../../../test/bench/peers/${script}`, import.meta.url));
  const output = execFileSync(pythonPath(), [path, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Timing;
}
