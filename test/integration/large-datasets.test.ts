/** Datasets above the limit are gone through block by block, and what comes of them is the same. */
import { RandomForestRegression } from 'ml-random-forest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InvalidData } from '../../src/errors.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { toFloat64Array } from '../../src/frame/numeric.ts';
import { Ridge } from '../../src/ml/ridge.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import type { BuiltinTask, Stores } from '../../src/tasks/builtin-task.ts';
import { fitTask, predictTask, scoreTask } from '../../src/tasks/model-tasks.ts';
import { mongoUrl } from '../support/services.ts';
import { freshStores, taskContext } from '../support/task-context.ts';

/** Several blocks of 65,536 rows. */
const ROWS = 150_000;
const IN_BLOCKS = { streamAbove: 0 };

let mongo: Mongo;
let om: Stores;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('large_datasets'));
  om = freshStores(mongo);
  await om.datasets.put(table(0, ROWS), 'flights', { layout: 'columns' });
  // The same labels, cut elsewhere.
  await om.datasets.put(table(0, 50_000).select(['delay']), 'delays', { layout: 'columns' });
  await om.datasets.put(table(50_000, ROWS).select(['delay']), 'delays');
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

function table(from: number, to: number): DataFrame {
  const column = (value: (row: number) => number) => ({
    type: 'float64' as const,
    values: Float64Array.from({ length: to - from }, (_, i) => value(from + i)),
  });
  return new DataFrame(
    new Map([
      ['distance', column((row) => Math.sin(row) * 1000)],
      ['hour', column((row) => row % 24)],
      ['delay', column((row) => Math.sin(row) * 3 + (row % 24) * 0.5 + Math.cos(row * 7))],
    ]),
  );
}

function run(task: BuiltinTask, args: readonly unknown[], kwargs = {}, changes = {}): Promise<unknown> {
  return task.run(args, { pure_python: true, __bucket: null, ...kwargs }, taskContext(om, changes));
}

async function numbersOf(name: string): Promise<number[]> {
  const frame = (await om.datasets.get(name)) as DataFrame;
  const [[column, values] = [undefined, undefined]] = frame.columns;
  if (column === undefined || values === undefined) throw new Error(`'${name}' has no columns`);
  return Array.from(toFloat64Array(values, column));
}

it.each(['flights[delay]', 'delays'])(
  'a regression learns the same from blocks, with the labels of %s',
  async (y) => {
    for (const [name, changes] of [
      ['whole', {}],
      ['parts', IN_BLOCKS],
    ] as const) {
      await om.models.drop(name, { force: true });
      await om.models.put(new Ridge({ alpha: 2 }), name);
      await run(fitTask, [name, 'flights[distance,hour]'], { Yname: y }, changes);
    }
    const [whole, parts] = await Promise.all(['whole', 'parts'].map((name) => om.models.metadata(name)));
    const [ofWhole, ofParts] = [whole, parts].map(
      (metadata) => metadata?.attributes.metrics as Record<string, number>,
    );
    expect(ofParts?.rows).toBe(ROWS);
    expect(ofParts?.r2).toBeCloseTo(ofWhole?.r2 ?? Number.NaN, 10);
    expect(parts?.attributes.dataset).toMatchObject({ features: ['distance', 'hour'], labels: ['delay'] });

    await run(predictTask, ['whole', 'flights[distance,hour]'], { rName: 'of whole' });
    await run(predictTask, ['parts', 'flights[distance,hour]'], { rName: 'of parts' }, IN_BLOCKS);
    const [expected, predicted] = [await numbersOf('of whole'), await numbersOf('of parts')];
    expect(predicted).toHaveLength(ROWS);
    expect(
      Math.max(...predicted.slice(0, 1000).map((value, i) => Math.abs(value - (expected[i] ?? 0)))),
    ).toBeLessThan(1e-9);
    expect((await om.datasets.metadata('of parts')).kind).toBe('omega.columns');

    const score = await run(scoreTask, ['whole', 'flights[distance,hour]'], { Yname: y });
    expect(await run(scoreTask, ['whole', 'flights[distance,hour]'], { Yname: y }, IN_BLOCKS)).toBeCloseTo(
      score as number,
      12,
    );
  },
);

it('a regression learns strings that are in the last block only', async () => {
  const count = 70_000;
  const sorted = new DataFrame(
    new Map([
      ...table(0, count).select(['delay']).columns,
      [
        'airline',
        {
          type: 'string' as const,
          values: Int32Array.from({ length: count }, (_, row) => Math.floor((row * 3) / count)),
          dictionary: ['AA', 'LH', 'UA'],
        },
      ],
    ]),
  );
  await om.datasets.put(sorted, 'sorted', { layout: 'columns' });
  for (const [name, changes] of [
    ['strings whole', {}],
    ['strings in parts', IN_BLOCKS],
  ] as const) {
    await om.models.put(new Ridge({}), name);
    await run(fitTask, [name, 'sorted[airline]'], { Yname: 'sorted[delay]' }, changes);
  }
  const [whole, parts] = await Promise.all(
    ['strings whole', 'strings in parts'].map((name) => om.models.metadata(name)),
  );
  const [expected, found] = [whole, parts].map(
    (metadata) => metadata?.attributes.metrics as Record<string, number>,
  );
  expect(found?.rows).toBe(count);
  expect(found?.r2).toBeCloseTo(expected?.r2 ?? Number.NaN, 10);
});

it('a model that needs all rows at once gets them, whatever the limit', async () => {
  await om.models.put(new RandomForestRegression({ nEstimators: 1, maxSamples: 100 } as object), 'forest');
  await run(fitTask, ['forest', 'flights[distance,hour]'], { Yname: 'flights[delay]' }, IN_BLOCKS);
  expect((await om.models.metadata('forest')).attributes.metrics).toMatchObject({ rows: ROWS });
});

it('labels for fewer rows are refused', async () => {
  await om.datasets.put(table(0, 70_000).select(['delay']), 'few', { layout: 'columns' });
  await om.models.put(new Ridge({}), 'refused');
  const fit = run(fitTask, ['refused', 'flights[hour]'], { Yname: 'few' }, IN_BLOCKS);
  await expect(fit).rejects.toThrow(InvalidData);
});

it('predictions of one task are stored once', async () => {
  await om.models.put(new Ridge({}), 'once');
  await run(fitTask, ['once', 'flights[hour]'], { Yname: 'flights[delay]' }, IN_BLOCKS);
  const again = { ...IN_BLOCKS, taskId: 'a task' };
  for (let i = 0; i < 2; i += 1) await run(predictTask, ['once', 'flights[hour]'], { rName: 'kept' }, again);
  expect(await numbersOf('kept')).toHaveLength(ROWS);
});
