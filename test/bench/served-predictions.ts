/**
 * Predictions through the queue: a forest of 100 trees on 100,000 rows, data from MongoDB and the result into MongoDB, beside
 * a Celery worker that does the same with scikit-learn; then one row at a time, and a task that does nothing, for comparison.
 */
import { RandomForestClassifier } from 'ml-random-forest';
import type { Column } from '../../src/frame/column.ts';
import { DataFrame, type Omega } from '../../src/index.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { inTurn, QUEUES, resultsUrl, sideBySide } from './contestants.ts';
import { CONTESTANTS, type Comparison, compare, median, noSamples, single } from './statistics.ts';

const PREDICT = 'omegaml.tasks.omega_predict';
const PING = 'omegaml.tasks.omega_ping';
const TRAINING_ROWS = 10_000;
const ROWS = 100_000;
const COLUMNS = 10;
/** Not timed: code is compiled meanwhile. */
const WARMING_CALLS = 2000;
const ROUNDS = 7;
/** With one row, one after the other. */
const CALLS_A_ROUND = 150;
const SAME_LABELS = 0.9;
const PATIENCE_MS = 300_000;

export async function servedPredictions(): Promise<Comparison[]> {
  const times = noSamples();
  const rowTimes = noSamples();
  const pingTimes: number[] = [];
  await sideBySide('rpc', async ({ om }) => {
    await prepareOurs(om);
    const url = await preparePeers(om);
    const [ours, theirs] = [{ queue: QUEUES.omega }, { queue: QUEUES.peer }];
    const predict = {
      omega: () => om.runtime.send(PREDICT, ['forest', 'rows'], { rName: 'predicted' }, ours),
      peer: () => om.runtime.send('bench.predict', [url], {}, theirs),
    };
    const row = [Array.from({ length: COLUMNS }, (_, i) => i / COLUMNS)];
    const predictRow = {
      omega: () => om.runtime.send(PREDICT, ['forest', row], {}, ours),
      peer: () => om.runtime.send('bench.predict_row', [url, row], {}, theirs),
    };
    const ping = () => om.runtime.send(PING, [], {}, ours);
    // The first run reads the model.
    for (const contestant of CONTESTANTS) await timed(predict[contestant]);
    await inTurn(ROUNDS, async (contestant) => {
      times[contestant].push(await timed(predict[contestant]));
    });
    await compareLabels(om, url);
    for (const contestant of CONTESTANTS) await timesOf(predictRow[contestant], WARMING_CALLS);
    await inTurn(ROUNDS, async (contestant) => {
      rowTimes[contestant].push(...(await timesOf(predictRow[contestant], CALLS_A_ROUND)));
    });
    pingTimes.push(...(await timesOf(ping, ROUNDS * CALLS_A_ROUND)));
  });
  return [
    compare('100,000 rows by 100 trees, from MongoDB to MongoDB', 'ms', times, '< 1x'),
    compare('one row, median', 'ms', rowTimes, '<= 3 ms'),
    single('a task that does nothing, median', 'ms', median(pingTimes)),
  ];
}

/** One after the other. */
async function timesOf(send: () => ReturnType<Omega['runtime']['send']>, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) times.push(await timed(send));
  return times;
}

async function timed(send: () => ReturnType<Omega['runtime']['send']>): Promise<number> {
  const begun = performance.now();
  await send().get({ timeout: PATIENCE_MS });
  return performance.now() - begun;
}

async function prepareOurs(om: Omega): Promise<void> {
  const train = rows(TRAINING_ROWS);
  await om.datasets.put(train, 'train', { append: false });
  await om.datasets.put(rows(ROWS).select(names()), 'rows', { append: false });
  await om.models.put(new RandomForestClassifier({ nEstimators: 100 }), 'forest');
  const fit = om.runtime.send(
    'omegaml.tasks.omega_fit',
    ['forest', 'train[^y]'],
    { Yname: 'train[y]' },
    {
      queue: QUEUES.omega,
    },
  );
  await fit.get({ timeout: PATIENCE_MS });
}

/** The same rows, in a database of the peer's own. @returns its URL. */
async function preparePeers(om: Omega): Promise<string> {
  const url = resultsUrl('peer');
  const mongo = await connectMongo(url);
  for (const [name, frame] of [
    ['train', rows(TRAINING_ROWS)],
    ['rows', rows(ROWS).select(names())],
  ] as const) {
    await mongo.db.collection(name).drop();
    await mongo.db.collection(name).insertMany(frame.toRows());
  }
  await mongo.close();
  await om.runtime.send('bench.train', [url], {}, { queue: QUEUES.peer }).get({ timeout: PATIENCE_MS });
  return url;
}

/** Two forests of other random numbers: most labels are the same. */
async function compareLabels(om: Omega, url: string): Promise<void> {
  const ours = numeric(await om.datasets.get('predicted'));
  const mongo = await connectMongo(url);
  const theirs = await mongo.db.collection('predicted').find().sort({ _id: 1 }).toArray();
  await mongo.close();
  const same = theirs.filter(({ y }, row) => y === ours[row]).length;
  if (ours.length !== ROWS || theirs.length !== ROWS || same < SAME_LABELS * ROWS) {
    throw new Error(`${ours.length} and ${theirs.length} labels, ${same} of them alike`);
  }
}

function numeric(frame: unknown): ArrayLike<unknown> {
  if (!(frame instanceof DataFrame)) throw new Error('the predictions are not a data frame');
  const [name = ''] = frame.columnNames;
  return frame.column(name).values;
}

function names(): string[] {
  return Array.from({ length: COLUMNS }, (_, i) => `x${i}`);
}

function rows(count: number): DataFrame {
  const columns = names().map((name, i) => {
    const values = Float64Array.from({ length: count }, (_, row) => Math.sin(row * (i + 1.7)));
    return [name, { type: 'float64', values }] as const;
  });
  const y = Int32Array.from({ length: count }, (_, row) =>
    Number(Math.sin(row * 1.7) + Math.sin(row * 2.7) > 0),
  );
  return new DataFrame(new Map<string, Column>([...columns, ['y', { type: 'int32', values: y }] as const]));
}
