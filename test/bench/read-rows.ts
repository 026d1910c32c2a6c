/**
 * Reads 1,000,000 rows of 10 doubles from a dataset into columns, stored as rows and as columns: we, and pymongoarrow,
 * which knows rows only, in turns.
 */
import type { DataFrame } from '../../src/frame/data-frame.ts';
import { type RawQuery, readRawBatches } from '../../src/mongo/raw.ts';
import type { Layout } from '../../src/store/put.ts';
import {
  COLUMNS,
  inDatabase,
  type Place,
  ROUNDS,
  ROWS,
  randomFrame,
  requireSame,
  secondsOf,
  sumOf,
  type Timing,
  timePeer,
} from './frame-data.ts';
import { type Comparison, compare } from './statistics.ts';

/** One of each round. */
interface Readings {
  readonly ours: Timing[];
  readonly peers: Timing[];
  /** Of one column. */
  readonly ourColumn: Timing[];
  /** Seconds that it takes to receive all of it and do nothing with it. */
  readonly draining: number[];
}

export function readRows(): Promise<Comparison[]> {
  return measure('rows', { all: '<= 0.3x', one: '', drained: '<= 1.5x' });
}

export function readColumns(): Promise<Comparison[]> {
  return measure('columns', { all: '<= 0.1x', one: '<= 0.03x', drained: '<= 1.5x' });
}

type Goals = Readonly<Record<'all' | 'one' | 'drained', string>>;

function measure(layout: Layout, goals: Goals): Promise<Comparison[]> {
  return inDatabase(`bench_read_${layout}`, async (place) => {
    const { ours, peers, ourColumn, draining } = await read(place, layout);
    requireSame([...ours, ...peers]);
    const what = `reading ${ROWS} rows x ${COLUMNS.length} doubles in ${layout}`;
    const peer = secondsOf(peers);
    return [
      compare(`${what}, beside pymongoarrow`, 's', { omega: secondsOf(ours), peer }, goals.all),
      compare(
        `${what}, one column, beside pymongoarrow reading all`,
        's',
        { omega: secondsOf(ourColumn), peer },
        goals.one,
      ),
      compare(
        `${what}, beside receiving them only`,
        's',
        { omega: secondsOf(ours), peer: draining },
        goals.drained,
      ),
    ];
  });
}

async function read(place: Place, layout: Layout): Promise<Readings> {
  const { datasets, mongo, url } = place;
  const frame = randomFrame();
  const { collection = '' } = await datasets.put(frame, 'rows');
  const own = layout === 'rows' ? collection : (await datasets.put(frame, 'columns', { layout })).collection;
  const readings: Readings = { ours: [], peers: [], ourColumn: [], draining: [] };
  await readOurselves(place, layout);
  for (let round = 0; round < ROUNDS; round += 1) {
    readings.ours.push(await readOurselves(place, layout));
    readings.ourColumn.push(await readOurselves(place, `${layout}[x3]`));
    readings.draining.push(await drain(place, { collection: own ?? '' }));
    // The second of two readings of a fresh process: both sides are timed warm.
    const args = [url, mongo.db.databaseName, collection, COLUMNS.join(','), '2'];
    readings.peers.push(timePeer('read_rows.py', ...args));
  }
  return readings;
}

async function readOurselves({ datasets }: Place, name: string): Promise<Timing> {
  const start = performance.now();
  const frame = (await datasets.get(name)) as DataFrame;
  const seconds = (performance.now() - start) / 1000;
  return { seconds, rows: frame.rowCount, sum: sumOf(frame) };
}

async function drain({ mongo }: Place, query: RawQuery): Promise<number> {
  const start = performance.now();
  for await (const batch of readRawBatches(mongo, query)) batch.at(-1);
  return (performance.now() - start) / 1000;
}
