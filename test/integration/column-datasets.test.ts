import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CorruptObject,
  DatasetNotFound,
  InvalidData,
  InvalidOptions,
  OperationalError,
} from '../../src/errors.ts';
import { allocatedBytes } from '../../src/frame/allocation.ts';
import type { Column } from '../../src/frame/column.ts';
import { columnFromValues } from '../../src/frame/column-rows.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { createDatasets, type Datasets } from '../../src/store/datasets.ts';
import type { Metadata } from '../../src/store/metadata.ts';
import { mongoUrl } from '../support/services.ts';

let mongo: Mongo;
let datasets: Datasets;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('column_datasets'));
  await mongo.db.dropDatabase();
  datasets = createDatasets(mongo, { bucket: 'omegaml' });
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

async function frame(name: string, options = {}): Promise<DataFrame> {
  return (await datasets.get(name, options)) as DataFrame;
}

function putColumns(value: unknown, name: string, options = {}): Promise<Metadata> {
  return datasets.put(value, name, { layout: 'columns', ...options });
}

const ROWS = [
  { i: 1, f: 1.5, s: 'a', b: true, d: new Date(0), big: 2n ** 60n, wide: 5_000_000_000, none: null },
  { i: null, f: 2, s: null, b: null, d: null, big: null, wide: null, none: null },
  { i: -3, f: Number.NaN, s: 'ü', b: false, d: new Date(1e12), big: -5n, wide: 7, none: null },
];

/** Of several blocks. */
function largeFrame(rowCount = 300_000): DataFrame {
  const numbers = (value: (row: number) => number): Column => ({
    type: 'float64',
    values: Float64Array.from({ length: rowCount }, (_, row) => value(row)),
  });
  const codes = Int32Array.from({ length: rowCount }, (_, row) => Math.floor(row / 1000) % 500);
  const dictionary = Array.from({ length: 500 }, (_, code) => `city ${1000 + code}`);
  return new DataFrame(
    new Map<string, Column>([
      ['x', numbers((row) => row)],
      ['noise', numbers(() => Math.random())],
      ['small', { type: 'int32', values: Int32Array.from({ length: rowCount }, (_, row) => row % 100) }],
      ['city', { type: 'string', values: codes, dictionary }],
      ['y', numbers((row) => row * 2)],
    ]),
  );
}

function hasSameValues(one: DataFrame, other: DataFrame, name: string): boolean {
  const { values } = other.column(name);
  return (
    one.rowCount === other.rowCount && values.every((value, row) => one.column(name).values[row] === value)
  );
}

describe('a DataFrame in columns', () => {
  it('comes back as it was put, types included', async () => {
    const put = DataFrame.fromRows(ROWS);
    const { kind } = await putColumns(put, 'types');
    expect(kind).toBe('omega.columns');
    const got = await frame('types');
    expect(got.toRows()).toEqual(ROWS);
    for (const [name, { type }] of put.columns) expect([name, got.column(name).type]).toEqual([name, type]);
    expect(got.column('wide')).toMatchObject({ integral: true });
    expect(got.index).toEqual([]);
  });

  it('keeps floats of 32 bits, in half the room', async () => {
    const values = Float32Array.from({ length: 30_000 }, (_, row) =>
      row === 0 ? Number.NaN : Math.random(),
    );
    const nulls = Uint8Array.from(values, (value) => Number(Number.isNaN(value)));
    await putColumns(new DataFrame(new Map([['x', { type: 'float32', values, nulls }]])), 'floats');
    expect((await frame('floats')).column('x')).toEqual({ type: 'float32', values, nulls });
    expect((await frame('floats', { where: { x: { $gt: 0.5 } } })).column('x')).toMatchObject({
      type: 'float32',
      values: values.filter((value) => value > 0.5),
    });
    const { parts } = (await datasets.metadata('floats')).kindMeta as { parts: { bytes: number }[] };
    expect(parts[0]?.bytes).toBeLessThan(130_000);
  });

  it('takes names that MongoDB would take for something else', async () => {
    const rows = [
      { 'a.b': 1, $gt: 2, '': 3, '#0': 4, '100%': 5, __proto__x: 6, toString: 7, '%2e': 8, _id: 9 },
    ];
    await putColumns(rows, 'names');
    expect((await frame('names')).toRows()).toEqual(rows);
    expect((await frame('names[a.b,toString]')).toRows()).toEqual([{ 'a.b': 1, toString: 7 }]);
  });

  it('keeps its index', async () => {
    const index = [
      { name: 'when', column: columnFromValues([new Date(0), new Date(1)]) },
      { name: null, column: columnFromValues(['a', 'b']) },
    ];
    await putColumns(new DataFrame(new Map([['x', columnFromValues([1, 2])]]), index), 'indexed');
    expect((await frame('indexed[x]')).index).toMatchObject(index);
  });

  it('comes back from several blocks, all columns or some', async () => {
    const put = largeFrame();
    const { collection = '', kindMeta } = await putColumns(put, 'large');
    expect(kindMeta.parts).toMatchObject([{ rows: expect.arrayContaining([expect.any(Number)]) }]);
    const [largest] = await mongo.db
      .collection(collection)
      .aggregate([{ $project: { size: { $bsonSize: '$$ROOT' } } }, { $sort: { size: -1 } }])
      .toArray();
    expect(largest?.size).toBeLessThan(8_000_000);
    const got = await frame('large');
    for (const name of put.columnNames) expect([name, hasSameValues(got, put, name)]).toEqual([name, true]);
    const some = await frame('large[y,city]');
    expect(some.columnNames).toEqual(['y', 'city']);
    expect(hasSameValues(some, put, 'y')).toBe(true);
  });

  it('is stored in less room where its values repeat', async () => {
    const rowCount = 100_000;
    const put = new DataFrame(
      new Map<string, Column>([['x', { type: 'float64', values: new Float64Array(rowCount).fill(1.25) }]]),
    );
    const { collection = '' } = await putColumns(put, 'repeating');
    const [{ size } = { size: 0 }] = await mongo.db
      .collection(collection)
      .aggregate([{ $group: { _id: null, size: { $sum: { $bsonSize: '$$ROOT' } } } }])
      .toArray();
    expect(size).toBeLessThan(rowCount);
    expect(hasSameValues(await frame('repeating'), put, 'x')).toBe(true);
  });

  it('is refused where a column has no type, and nothing is left behind', async () => {
    const before = await mongo.db.listCollections().toArray();
    const rows = [{ any: 1 }, { any: 'a' }];
    await expect(putColumns(rows, 'mixed')).rejects.toThrow(/column 'any' holds values of several types/);
    await expect(putColumns([{ s: 'x'.repeat(13_000_000) }], 'huge')).rejects.toThrow(InvalidData);
    expect(await mongo.db.listCollections().toArray()).toHaveLength(before.length);
  });

  it('is said to be corrupt when a block is lost, or is not what the metadata say', async () => {
    const { collection = '' } = await putColumns([{ x: 1.5 }], 'corrupt');
    const blocks = mongo.db.collection(collection);
    await blocks.updateOne({}, { $set: { 'columns.x.values': Buffer.alloc(3) } });
    await expect(frame('corrupt')).rejects.toThrow(CorruptObject);
    await blocks.updateOne({}, { $set: { 'columns.x': { type: 'string' } } });
    await expect(frame('corrupt')).rejects.toThrow(CorruptObject);
    await blocks.deleteMany({});
    await expect(frame('corrupt')).rejects.toThrow(CorruptObject);
    await mongo.db
      .collection('metadata')
      .updateOne({ name: 'corrupt' }, { $set: { 'kind_meta.parts': [1] } });
    await expect(frame('corrupt')).rejects.toThrow(CorruptObject);
  });
});

describe('an append to columns', () => {
  it('keeps the layout, and joins what goes together', async () => {
    await putColumns([{ n: 1, s: 'a', k: null }], 'appended');
    await datasets.put([{ n: 2.5, s: 'b', k: true }], 'appended');
    await datasets.put([{ n: 5_000_000_000, s: 'a', extra: 1 }], 'appended');
    const got = await frame('appended');
    expect(got.toRows()).toEqual([
      { n: 1, s: 'a', k: null, extra: null },
      { n: 2.5, s: 'b', k: true, extra: null },
      { n: 5_000_000_000, s: 'a', k: null, extra: 1 },
    ]);
    expect(got.column('s')).toMatchObject({ values: Int32Array.of(0, 1, 0), dictionary: ['a', 'b'] });
    expect((await datasets.metadata('appended')).kind).toBe('omega.columns');
  });

  it('widens integers to what holds all of them', async () => {
    await putColumns([{ n: 1 }, { n: null }], 'widened');
    await datasets.put([{ n: 2n ** 60n }], 'widened');
    expect((await frame('widened')).column('n')).toMatchObject({
      type: 'int64',
      values: BigInt64Array.of(1n, 0n, 2n ** 60n),
      nulls: Uint8Array.of(0, 1, 0),
    });
    await datasets.put([{ n: 0.5 }], 'widened');
    expect((await frame('widened')).column('n')).toMatchObject({
      type: 'float64',
      values: Float64Array.of(1, Number.NaN, 2 ** 60, 0.5),
    });
  });

  it.each([
    ['doubles', Float64Array.of(0.1)],
    ['integers', Int32Array.of(2 ** 31 - 1)],
  ])('of %s to floats makes doubles of both', async (_, added) => {
    await putColumns(DataFrame.fromObject({ n: Float32Array.of(0.1) }), 'from floats');
    await datasets.put(DataFrame.fromObject({ n: added }), 'from floats');
    expect((await frame('from floats')).column('n')).toMatchObject({
      type: 'float64',
      values: Float64Array.of(Math.fround(0.1), ...added),
    });
    await datasets.drop('from floats');
  });

  it('is refused when a type or the index differs, and changes nothing', async () => {
    const { collection = '' } = await putColumns([{ x: 1 }], 'typed');
    await expect(datasets.put([{ x: 'one' }], 'typed')).rejects.toThrow(/column 'x' of 'typed' is int32/);
    const index = [{ name: 'k', column: columnFromValues([1]) }];
    const indexed = new DataFrame(new Map([['x', columnFromValues([1])]]), index);
    await expect(datasets.put(indexed, 'typed')).rejects.toThrow(/has the index/);
    expect((await frame('typed')).toRows()).toEqual([{ x: 1 }]);
    expect(await mongo.db.collection(collection).countDocuments()).toBe(1);
    await expect(datasets.put([{ x: 1 }], 'typed', { layout: 'rows' })).rejects.toThrow(/append: false/);
  });

  it('of a task is made once, by one worker or by several at the same time', async () => {
    const taskId = randomUUID();
    await putColumns([{ x: -1 }], 'twins');
    const rows = Array.from({ length: 2000 }, (_, x) => ({ x }));
    await Promise.all([1, 2, 3].map(() => datasets.put(rows, 'twins', { taskId })));
    await datasets.put(rows, 'twins', { taskId });
    expect((await frame('twins')).rowCount).toBe(2001);
  });

  it('is not seen before it is whole, and is completed after a crash', async () => {
    const taskId = randomUUID();
    await putColumns([{ x: 0 }], 'crashed');
    const { collection = '', id, kindMeta } = await datasets.put([{ x: 1 }, { x: 2 }], 'crashed', { taskId });
    const blocks = mongo.db.collection(collection);
    await mongo.db
      .collection('metadata')
      .updateOne({ _id: id }, { $unset: { 'attributes.written_by': '' }, $pop: { 'kind_meta.parts': 1 } });
    expect((await frame('crashed')).toRows()).toEqual([{ x: 0 }]);
    const parts = kindMeta.parts as { id: unknown }[];
    await blocks.deleteOne({ _id: { $eq: parts[1]?.id } } as object);
    await datasets.put([{ x: 1 }, { x: 2 }], 'crashed', { taskId });
    expect((await frame('crashed')).toRows()).toEqual([{ x: 0 }, { x: 1 }, { x: 2 }]);
  });

  it('loses nothing while others append, also other columns', async () => {
    await putColumns([{ x: 0 }], 'race');
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => datasets.put([{ x: i, [`c${i % 4}`]: i }], 'race')),
    );
    const got = await frame('race');
    expect(got.rowCount).toBe(9);
    expect(got.columnNames).toEqual(expect.arrayContaining(['c0', 'c1', 'c2', 'c3']));
    expect([...got.column('x').values].map(Number).sort()).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('never shows a part to a reader', async () => {
    const rows = Array.from({ length: 1000 }, (_, x) => ({ x }));
    await putColumns(rows, 'growing');
    let isWriting = true;
    const append = async (): Promise<void> => {
      for (let i = 0; i < 8; i += 1) await datasets.put(rows, 'growing');
      isWriting = false;
    };
    const writing = append();
    while (isWriting) expect((await frame('growing')).rowCount % 1000).toBe(0);
    await writing;
    expect((await frame('growing')).rowCount).toBe(9000);
  });
});

describe('a filter', () => {
  it('gives the same rows of both layouts', async () => {
    await putColumns(ROWS, 'filtered');
    await datasets.put(ROWS, 'filtered-rows');
    const filters = [
      { i: 1 },
      { i: { $gte: -3, $lt: 1 } },
      { f: { $lt: 5 } },
      { s: { $in: ['ü', 'z'] } },
      { b: false, f: { $gt: 0 } },
      { b: false },
      { d: { $gt: new Date(5) } },
      { big: { $gt: 10 } },
      { big: -5n },
      { wide: { $gte: 7 } },
      { s: 1 },
    ];
    for (const where of filters) {
      const [ours, rows] = [
        await frame('filtered[i,s]', { where }),
        await frame('filtered-rows[i,s]', { where }),
      ];
      expect([where, ours.toRows()]).toEqual([where, rows.toRows()]);
    }
  });

  it('reads only the blocks in which rows may meet it', async () => {
    const put = largeFrame();
    const { collection = '', kindMeta } = await putColumns(put, 'skipping');
    const [part] = kindMeta.parts as { rows: number[]; id: unknown }[];
    expect(part?.rows.length).toBeGreaterThan(2);
    // Without its first block the dataset is corrupt, and nobody who does not need the block sees it.
    await mongo.db.collection(collection).deleteOne({ _id: { $eq: part?.id } } as object);
    await expect(frame('skipping')).rejects.toThrow(CorruptObject);
    const got = await frame('skipping[y,small]', { where: { x: { $gte: 299_000 }, small: 7 } });
    expect(got.toRows()).toEqual(
      Array.from({ length: 10 }, (_, i) => ({ y: 2 * (299_007 + 100 * i), small: 7 })),
    );
    expect((await frame('skipping', { where: { x: { $gt: 1e9 } } })).rowCount).toBe(0);
    expect((await frame('skipping[x]', { where: { city: 'city 1299' } })).rowCount).toBe(1000);
  });

  it('is refused when it is none, or the object is no table', async () => {
    await putColumns([{ x: 1 }], 'refusing');
    const where = { x: { $where: 'sleep(1000)' } };
    await expect(frame('refusing', { where })).rejects.toThrow(/'\$where' on 'x' is no comparison/);
    await expect(frame('refusing', { where: { z: 1 } })).rejects.toThrow(/no column 'z' to filter by/);
    await datasets.put(Buffer.from('x'), 'bytes');
    await expect(datasets.get('bytes', { where: { x: 1 } })).rejects.toThrow(/has no rows to filter/);
  });
});

describe.each(['rows', 'columns'] as const)('a table in %s, read in blocks', (layout) => {
  async function blocks(name: string, options = {}): Promise<number[]> {
    const counts: number[] = [];
    for await (const { rowCount } of datasets.blocks(name, options)) counts.push(rowCount);
    return counts;
  }

  it('comes in the order of its rows, no block larger than asked for', async () => {
    const name = `blocks-${layout}`;
    const rows = Array.from({ length: 2500 }, (_, x) => ({ x, s: `s${x % 7}`, none: x % 2 ? x : null }));
    await datasets.put(rows.slice(0, 1000), name, { layout });
    await datasets.put(rows.slice(1000), name);
    const got: unknown[] = [];
    for await (const frame of datasets.blocks(name, { rows: 400 })) {
      expect(frame.rowCount).toBeLessThanOrEqual(400);
      got.push(...frame.toRows());
    }
    expect(got).toEqual(rows);
  });

  it('may be a selection of columns, and of rows', async () => {
    const name = `blocks-selected-${layout}`;
    await datasets.put(
      Array.from({ length: 1000 }, (_, x) => ({ x, y: -x })),
      name,
      { layout },
    );
    const got: unknown[] = [];
    for await (const frame of datasets.blocks(`${name}[y]`, { rows: 8, where: { x: { $lt: 20 } } })) {
      got.push(...frame.toRows());
    }
    expect(got).toEqual(Array.from({ length: 20 }, (_, x) => ({ y: -x })));
  });

  it('ends with an error when it is replaced meanwhile', async () => {
    const name = `blocks-replaced-${layout}`;
    const rows = Array.from({ length: 1000 }, (_, x) => ({ x }));
    await datasets.put(rows, name, { layout });
    const reading = async (): Promise<void> => {
      for await (const _ of datasets.blocks(name, { rows: 100 })) {
        await datasets.put(rows, name, { layout, append: false });
      }
    };
    await expect(reading()).rejects.toThrow(OperationalError);
  });

  it('is refused for a wrong number of rows, and for what is no table', async () => {
    const name = `blocks-refused-${layout}`;
    await datasets.put([{ x: 1 }], name, { layout });
    await expect(blocks(name, { rows: 0 })).rejects.toThrow(InvalidOptions);
    await expect(blocks(`${name}-missing`)).rejects.toThrow(DatasetNotFound);
    await datasets.put(Buffer.from('x'), `${name}-bytes`);
    await expect(blocks(`${name}-bytes`)).rejects.toThrow(InvalidData);
  });
});

describe('a table in columns that is read in blocks', () => {
  it('takes the memory of one block, whatever its size', async () => {
    const put = largeFrame();
    await putColumns(put, 'bounded');
    for (let i = 0; i < 2; i += 1) await datasets.put(put, 'bounded');
    const before = allocatedBytes();
    let [rows, sum, most] = [0, 0, 0];
    for await (const frame of datasets.blocks('bounded[x,y]', { rows: 50_000 })) {
      rows += frame.rowCount;
      sum += Number(frame.column('x').values[0]);
      most = Math.max(most, allocatedBytes() - before);
    }
    expect(rows).toBe(900_000);
    expect(sum).toBeGreaterThan(0);
    const largest = 4 * 2 ** 20;
    expect(most).toBeLessThan(2 * largest);
  });
});
