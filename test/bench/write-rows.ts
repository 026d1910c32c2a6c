/** Writes 1,000,000 rows of 10 doubles, as rows and as columns: we, and pymongo's insert_many from a DataFrame, in turns. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataFrame } from '../../src/frame/data-frame.ts';
import { toFloat64Array } from '../../src/frame/numeric.ts';
import type { Layout } from '../../src/store/put.ts';
import {
  COLUMNS,
  inDatabase,
  type Place,
  ROWS,
  randomFrame,
  requireSame,
  secondsOf,
  sumOf,
  type Timing,
  timePeer,
} from './frame-data.ts';
import { type Comparison, compare } from './statistics.ts';

/** Each takes a minute. */
const ROUNDS = 3;

export function writeRows(): Promise<Comparison[]> {
  return inDatabase('bench_write', async (place) => {
    const folder = mkdtempSync(join(tmpdir(), 'omega-bench-'));
    try {
      return await compareWriters(place, join(folder, 'columns.f64'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** @param file gets the values for the peer, column after column. */
async function compareWriters(place: Place, file: string): Promise<Comparison[]> {
  const frame = randomFrame();
  writeFileSync(file, Buffer.concat(COLUMNS.map((name) => bytesOf(frame, name))));
  const rows: Timing[] = [];
  const columns: Timing[] = [];
  const peers: Timing[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rows.push(await writeOurselves(place, frame, 'rows'));
    columns.push(await writeOurselves(place, frame, 'columns'));
    peers.push(timePeer('write_rows.py', place.url, place.mongo.db.databaseName, file, COLUMNS.join(',')));
  }
  requireSame([...rows, ...columns, ...peers]);
  const peer = secondsOf(peers);
  const what = `writing ${ROWS} rows x ${COLUMNS.length} doubles`;
  return [
    compare(`${what} as rows, beside pymongo`, 's', { omega: secondsOf(rows), peer }, '<= 0.71x'),
    compare(`${what} as columns, beside pymongo`, 's', { omega: secondsOf(columns), peer }, '<= 0.05x'),
  ];
}

/** What is there afterwards is read back, and dropped. */
async function writeOurselves({ datasets }: Place, frame: DataFrame, layout: Layout): Promise<Timing> {
  const start = performance.now();
  await datasets.put(frame, layout, { layout });
  const seconds = (performance.now() - start) / 1000;
  const written = (await datasets.get(layout)) as DataFrame;
  await datasets.drop(layout);
  return { seconds, rows: written.rowCount, sum: sumOf(written) };
}

function bytesOf(frame: DataFrame, name: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = toFloat64Array(frame.column(name), name);
  return new Uint8Array(buffer, byteOffset, byteLength);
}
