import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CorruptObject,
  DatasetNotFound,
  InvalidData,
  InvalidName,
  KindNotSupported,
} from '../../src/errors.ts';
import type { Column } from '../../src/frame/column.ts';
import { columnFromValues } from '../../src/frame/column-rows.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { NdArray } from '../../src/frame/nd-array.ts';
import { ObjectId } from '../../src/mongo/bson.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { createDatasets, type Datasets } from '../../src/store/datasets.ts';
import { createFileStore } from '../../src/store/gridfs.ts';
import type { Kind } from '../../src/store/kind.ts';
import { pandasDfrows } from '../../src/store/kinds/pandas-dfrows.ts';
import { mongoUrl } from '../support/services.ts';

let mongo: Mongo;
let datasets: Datasets;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('datasets'));
  await mongo.db.dropDatabase();
  datasets = createDatasets(mongo, { bucket: 'omegaml' });
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

async function frame(name: string): Promise<DataFrame> {
  return (await datasets.get(name)) as DataFrame;
}

async function collections(): Promise<number> {
  return (await mongo.db.listCollections().toArray()).length;
}

const ROWS = [
  { i: 1, f: 1.5, s: 'a', b: true, d: new Date(0), big: 2n ** 60n, o: [1, { k: null }] },
  { i: null, f: 2, s: null, b: null, d: null, big: null, o: null },
  { i: -3, f: Number.NaN, s: 'ü', b: false, d: new Date(1e12), big: -5n, o: 'x' },
];

describe('a DataFrame', () => {
  it('comes back as it was put, types included', async () => {
    const put = DataFrame.fromRows(ROWS);
    await datasets.put(put, 'types');
    const got = await frame('types');
    expect(got.toRows()).toEqual(ROWS);
    expect([...got.columns].map(([, { type }]) => type)).toEqual(
      [...put.columns].map(([, { type }]) => type),
    );
    expect(got.index).toEqual([]);
  });

  it('keeps doubles that are whole numbers', async () => {
    await datasets.put(DataFrame.fromObject({ x: [1, 2.5] }).slice(0, 1), 'whole');
    expect((await frame('whole')).column('x').type).toBe('float64');
  });

  it('has doubles where floats of 32 bits were put, as omega|ml has them', async () => {
    const nulls = Uint8Array.of(0, 1);
    const floats: Column = { type: 'float32', values: Float32Array.of(0.1, Number.NaN), nulls };
    const { kindMeta } = await datasets.put(new DataFrame(new Map([['x', floats]])), 'floats');
    expect(kindMeta.dtypes).toMatchObject({ x: 'float32' });
    expect((await frame('floats')).column('x')).toEqual({
      type: 'float64',
      values: Float64Array.of(Math.fround(0.1), Number.NaN),
    });
  });

  it('keeps integers beyond 32 bits as integers, also after an append', async () => {
    const { kindMeta } = await datasets.put([{ id: 5_000_000_000 }, { id: 7 }], 'wide');
    expect(kindMeta).toMatchObject({ dtypes: { id: 'int64' } });
    await datasets.put(await frame('wide'), 'wide');
    const { collection = '' } = await datasets.metadata('wide');
    expect(await mongo.db.collection(collection).countDocuments({ id: { $type: 'double' } })).toBe(0);
    expect((await frame('wide')).column('id')).toMatchObject({
      values: Float64Array.of(5_000_000_000, 7, 5_000_000_000, 7),
      integral: true,
    });
  });

  it('marks missing integers beyond 32 bits', async () => {
    const rows = [{ id: 5_000_000_000 }, { id: null }];
    const { kindMeta } = await datasets.put(rows, 'wide-nulls');
    expect(kindMeta).toMatchObject({ dtypes: { id: 'Int64' } });
    expect((await frame('wide-nulls')).toRows()).toEqual(rows);
  });

  it('has missing strings where pandas has stored NaN', async () => {
    const { collection = '' } = await datasets.put([{ s: 'a' }], 'nan-strings');
    await mongo.db.collection(collection).insertMany([
      { s: Number.NaN, '_om#rowid': 1 },
      { s: 'b', '_om#rowid': 2 },
    ]);
    expect((await frame('nan-strings')).column('s').type).toBe('string');
    expect((await frame('nan-strings')).toRows().map(({ s }) => s)).toEqual(['a', null, 'b']);
  });

  it('may be given as a list of objects', async () => {
    expect((await datasets.put([{ x: 1 }, { x: 2 }], 'objects')).kind).toBe('pandas.dfrows');
  });

  it('keeps its index', async () => {
    const index = [
      { name: 'k', column: columnFromValues(['a', 'b']) },
      { name: null, column: columnFromValues([5, 6]) },
    ];
    await datasets.put(new DataFrame(DataFrame.fromObject({ x: [1, 2] }).columns, index), 'indexed');
    expect((await frame('indexed')).index).toMatchObject([
      { name: 'k', column: { dictionary: ['a', 'b'] } },
      { name: null, column: { values: Int32Array.of(5, 6) } },
    ]);
  });

  it('is appended to by default, and replaced on request, leaving no collection behind', async () => {
    const before = await collections();
    await datasets.put([{ x: 1 }], 'grows');
    await datasets.put([{ x: 2, y: 'new' }], 'grows');
    expect((await frame('grows')).toRows()).toEqual([
      { x: 1, y: null },
      { x: 2, y: 'new' },
    ]);
    await datasets.put([{ z: 1 }], 'grows', { append: false });
    expect((await frame('grows')).toRows()).toEqual([{ z: 1 }]);
    expect(await collections()).toBeLessThanOrEqual(before + 2);
  });

  it('is read in the order of its row ids, whatever the order in the collection', async () => {
    const { collection = '' } = await datasets.put([{ x: 'second' }, { x: 'third' }], 'order');
    const others = [{ x: 'last' }, { x: 'first', '_om#rowid': -1 }];
    await mongo.db.collection(collection).insertMany(others);
    const ordered = ['first', 'second', 'third', 'last'];
    expect((await frame('order[x]')).toRows().map(({ x }) => x)).toEqual(ordered);
    expect((await frame('order')).toRows().map(({ x }) => x)).toEqual(ordered);
  });

  it('of many rows comes in several batches, and whole', async () => {
    const values = Float64Array.from({ length: 25_000 }, (_, i) => i + 0.5);
    await datasets.put(new DataFrame(new Map([['x', { type: 'float64', values }]])), 'many');
    expect((await frame('many')).column('x').values).toEqual(values);
  });

  it.each([
    ['has no rows', DataFrame.fromObject({ x: [] })],
    ['has a column that begins with $', DataFrame.fromObject({ $x: [1] })],
    ['has a column named _id', DataFrame.fromObject({ _id: [1] })],
    ['has a column named __proto__', new DataFrame(new Map([['__proto__', columnFromValues([1])]]))],
    ['has a column of the layout', DataFrame.fromObject({ '_om#rowid': [1] })],
    ['holds an integer beyond 64 bits', DataFrame.fromObject({ id: [2n ** 64n + 5n] })],
    ['holds one in a list', DataFrame.fromObject({ ids: [[2n ** 64n + 5n]] })],
    ['holds one of an array', new NdArray('uint64', BigUint64Array.of(2n ** 63n)).toDataFrame()],
    ['has columns that differ in a dot only', DataFrame.fromObject({ 'a.b': [1], a_b: [2] })],
    ['holds a value larger than 16 MB', DataFrame.fromObject({ x: [['x'.repeat(17_000_000)]] })],
  ])('is refused when it %s', async (_, refused) => {
    const before = await collections();
    await expect(datasets.put(refused, 'refused')).rejects.toThrow(InvalidData);
    expect(await datasets.exists('refused')).toBe(false);
    expect(await collections()).toBe(before);
  });

  it('is appended whole or not at all', async () => {
    await datasets.put([{ x: 1 }], 'whole-or-not');
    const rows = Array.from({ length: 6000 }, (_, i) => ({ x: i < 5999 ? [i] : ['x'.repeat(17_000_000)] }));
    await expect(datasets.put(rows, 'whole-or-not')).rejects.toThrow(InvalidData);
    expect((await frame('whole-or-not')).toRows()).toEqual([{ x: 1 }]);
  });

  it('is removed after a refused append only when the insert under way has ended', async () => {
    await datasets.put([{ x: [0] }], 'overtaken');
    const options = { appName: 'watched', monitorCommands: true };
    const watched = await connectMongo(mongoUrl('datasets'), options);
    const seen: string[] = [];
    watched.client.on('commandStarted', ({ commandName }) => seen.push(`${commandName} sent`));
    watched.client.on('commandSucceeded', ({ commandName }) => seen.push(`${commandName} done`));
    const loop: unknown[] = [];
    loop.push(loop);
    // As many rows as are inserted at a time, and one more, which is refused at once.
    const rows = Array.from({ length: 50_001 }, (_, i) => ({ x: i < 50_000 ? [i] : loop }));
    const put = createDatasets(watched, { bucket: 'omegaml' }).put(rows, 'overtaken');
    await expect(put).rejects.toThrow(InvalidData);
    await watched.close();
    const writes = seen.filter((command) => /^(insert|delete) /.test(command));
    expect(writes).toEqual(['insert sent', 'insert done', 'delete sent', 'delete done']);
    expect((await frame('overtaken')).rowCount).toBe(1);
  });

  it.each([
    ['none', []],
    ['one of another name', [{ name: 'other', column: columnFromValues([1]) }]],
    ['one of more levels', ['k', 'l'].map((name) => ({ name, column: columnFromValues([1]) }))],
  ])('is not appended to with another index: %s', async (_, index) => {
    const { columns } = DataFrame.fromObject({ x: [1] });
    const indexed = new DataFrame(columns, [{ name: 'k', column: columnFromValues(['a']) }]);
    const name = `index-${randomUUID()}`;
    await datasets.put(indexed, name);
    await expect(datasets.put(new DataFrame(columns, index), name)).rejects.toThrow(/index \(k\)/);
    await datasets.put(indexed, name);
    expect((await frame(name)).index).toMatchObject([{ name: 'k', column: { values: Int32Array.of(0, 0) } }]);
  });

  it('is refused where something of another kind would have to be appended to', async () => {
    await datasets.put({ a: 1 }, 'other');
    await expect(datasets.put(DataFrame.fromObject({ x: [1] }), 'other')).rejects.toThrow(/append: false/);
    await datasets.put(DataFrame.fromObject({ x: [1] }), 'other', { append: false });
    expect((await frame('other')).rowCount).toBe(1);
  });
});

describe('a long read', () => {
  it('ends with the reason of its signal', async () => {
    await datasets.put([{ x: 1 }], 'aborted');
    const reading = datasets.get('aborted', { signal: AbortSignal.abort(new Error('time is up')) });
    await expect(reading).rejects.toThrow('time is up');
  });
});

describe('data written by a task', () => {
  it('are written once, whether appended or replaced', async () => {
    const taskId = randomUUID();
    await datasets.put([{ x: 1 }], 'by-task');
    const first = await datasets.put([{ x: 2 }], 'by-task', { taskId });
    expect(await datasets.put([{ x: 2 }], 'by-task', { taskId })).toEqual(first);
    await datasets.put([{ x: 3 }], 'by-task', { taskId: randomUUID(), append: false });
    expect((await frame('by-task')).toRows()).toEqual([{ x: 3 }]);
  });

  it('are written once by two workers at the same time', async () => {
    const taskId = randomUUID();
    const rows = Array.from({ length: 12_000 }, (_, x) => ({ x }));
    await datasets.put([{ x: -1 }], 'twins');
    await Promise.all([1, 2, 3].map(() => datasets.put(rows, 'twins', { taskId })));
    expect((await frame('twins')).rowCount).toBe(12_001);
  });

  it('are completed after a crash in the middle', async () => {
    const taskId = randomUUID();
    const rows = Array.from({ length: 100 }, (_, x) => ({ x }));
    const { collection = '', id } = await datasets.put(rows, 'crashed', { taskId });
    await mongo.db.collection(collection).deleteMany({ x: { $gte: 40 } });
    await mongo.db.collection('metadata').updateOne({ _id: id }, { $unset: { 'attributes.written_by': '' } });
    await datasets.put(rows, 'crashed', { taskId });
    expect((await frame('crashed')).toRows()).toEqual(rows);
  });
});

describe('what attempts at a task have left', () => {
  it('goes when a later attempt has stored a DataFrame', async () => {
    const taskId = randomUUID();
    const before = await collections();
    const { id } = await datasets.put([{ x: 1 }], 'left-rows', { taskId });
    await mongo.db.collection('metadata').deleteOne({ _id: id });
    await datasets.put([{ x: 2 }, { x: 3 }], 'left-rows', { taskId });
    expect((await frame('left-rows')).toRows()).toEqual([{ x: 2 }, { x: 3 }]);
    expect(await collections()).toBe(before + 1);
  });

  it('goes when a later attempt has stored a file', async () => {
    const taskId = randomUUID();
    const { id, gridfile } = await datasets.put(Buffer.from('one'), 'left-file', { taskId });
    await mongo.db.collection('metadata').deleteOne({ _id: id });
    await mongo.db.collection('omegaml.files').deleteMany({ filename: datasets.key('left-file', 'file') });
    await datasets.put(Buffer.from('two'), 'left-file', { taskId });
    expect(await datasets.get('left-file')).toEqual(Buffer.from('two'));
    expect(await mongo.db.collection('omegaml.chunks').countDocuments({ files_id: gridfile })).toBe(0);
  });

  it('stays when the task has stored it under another name', async () => {
    const taskId = randomUUID();
    await datasets.put([{ x: 1 }], 'left-one', { taskId });
    await datasets.put([{ x: 2 }], 'left-other', { taskId });
    await datasets.put(Buffer.from('1'), 'left-bytes', { taskId });
    await datasets.put(Buffer.from('2'), 'left-other-bytes', { taskId });
    expect((await frame('left-one')).toRows()).toEqual([{ x: 1 }]);
    expect(await datasets.get('left-bytes')).toEqual(Buffer.from('1'));
  });
});

describe('a file that cannot be written whole', () => {
  it('leaves no chunks behind', async () => {
    const files = createFileStore(mongo.db, 'failing');
    await files.write('first', Buffer.from('x'));
    const validator = { length: { $lt: 300_000 } };
    await mongo.db.command({ collMod: 'omegaml_failing.files', validator });
    await expect(files.write('second', Buffer.alloc(300_000))).rejects.toThrow(/validation/);
    expect(await mongo.db.collection('omegaml_failing.chunks').countDocuments()).toBe(1);
  });
});

describe('writers at the same time', () => {
  it('lose no columns when they append different ones', async () => {
    await datasets.put([{ x: 0 }], 'race-columns');
    const names = Array.from({ length: 8 }, (_, i) => `c${i}`);
    await Promise.all(names.map((name) => datasets.put([{ [name]: 1 }], 'race-columns')));
    const { columns } = (await datasets.metadata('race-columns')).kindMeta;
    expect(Array.isArray(columns) && columns.map(([name]) => name)).toEqual(expect.arrayContaining(names));
    expect((await frame('race-columns')).rowCount).toBe(9);
  });

  it('lose no rows when they create and append', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, x) => datasets.put([{ x }], 'race')));
    expect(
      (await frame('race'))
        .toRows()
        .map(({ x }) => x)
        .sort(),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it.each([
    ['replaces it', () => datasets.put([{ x: 9 }], 'stray', { append: false }), [{ x: 9 }, { x: 2 }]],
    ['drops it', () => datasets.drop('stray'), [{ x: 2 }]],
  ])('leave no collection behind when one appends while another %s', async (_, interfere, rows) => {
    await datasets.drop('stray', { force: true });
    const before = await collections();
    await datasets.put([{ x: 1 }], 'stray');
    let hasInterfered = false;
    const late: Kind<DataFrame> = {
      ...pandasDfrows,
      async put(value, write, context) {
        if (!hasInterfered) await interfere();
        hasInterfered = true;
        return pandasDfrows.put(value, write, context);
      },
    };
    await createDatasets(mongo, { bucket: 'omegaml', kinds: [late] }).put([{ x: 2 }], 'stray');
    expect((await frame('stray')).toRows()).toEqual(rows);
    expect(await collections()).toBe(before + 1);
  });

  it('never show a part to a reader while they replace', async () => {
    const rows = (x: number): object[] => Array.from({ length: 3000 }, () => ({ x }));
    await datasets.put(rows(0), 'swap');
    const seen: unknown[] = [];
    let isWriting = true;
    const replace = async (): Promise<void> => {
      for (let x = 1; x <= 5; x += 1) await datasets.put(rows(x), 'swap', { append: false });
      isWriting = false;
    };
    const writing = replace();
    while (isWriting) {
      const read = await frame('swap');
      seen.push([read.rowCount, new Set(read.column('x').values).size]);
    }
    await writing;
    expect(new Set(seen.map(String))).toEqual(new Set(['3000,1']));
  });
});

describe('other data', () => {
  it('come back: a Series', async () => {
    const metadata = await datasets.put(DataFrame.fromObject({ y: [1.5] }), 'series', {
      kind: 'pandas.serows',
    });
    expect(metadata.kind).toBe('pandas.serows');
    expect((await frame('series')).toRows()).toEqual([{ y: 1.5 }]);
    await datasets.put(DataFrame.fromObject({ y: [2.5] }), 'series');
    expect((await datasets.metadata('series')).kind).toBe('pandas.serows');
  });

  it('come back: objects and lists, as a list of what was put', async () => {
    await datasets.put({ a: [1, null] }, 'plain');
    await datasets.put({ b: 'x' }, 'plain');
    await datasets.put([1, 2], 'plain');
    expect(await datasets.get('plain')).toEqual([{ a: [1, null] }, { b: 'x' }, [1, 2]]);
    await datasets.put([[1], [2]], 'lists');
    expect(await datasets.get('lists')).toEqual([[1], [2]]);
  });

  it('come back: integers beyond 2^53 as bigints, others as numbers', async () => {
    await datasets.put({ id: 2n ** 60n + 1n, list: [2n ** 40n, { k: -(2n ** 63n) }], small: 7n }, 'integers');
    const integers = { id: 2n ** 60n + 1n, list: [2 ** 40, { k: -(2n ** 63n) }], small: 7 };
    expect(await datasets.get('integers')).toEqual([integers]);
    await datasets.put([{ o: { id: 2n ** 60n + 1n } }], 'integers-in-rows');
    expect((await frame('integers-in-rows')).toRows()).toEqual([{ o: { id: 2n ** 60n + 1n } }]);
  });

  it('come back: arrays of numbers, of more than one chunk', async () => {
    const array = new NdArray('float64', Float64Array.from({ length: 70_000 }, Math.random), [7, 10_000]);
    await datasets.put(array, 'array');
    expect(await datasets.get('array')).toEqual(array);
  });

  it('come back: bytes and files, and a put replaces them with nothing left behind', async () => {
    await datasets.put(Buffer.from('one'), 'bytes');
    await datasets.put(new URL(import.meta.url).pathname, 'bytes');
    expect(String(await datasets.get('bytes'))).toContain('nothing left behind');
    await datasets.put(Buffer.alloc(0), 'bytes');
    expect(await datasets.get('bytes')).toEqual(Buffer.alloc(0));
    const key = datasets.key('bytes', 'file');
    expect(await mongo.db.collection('omegaml.files').countDocuments({ filename: key })).toBe(1);
  });

  it('go to files of their own in another bucket', async () => {
    const other = createDatasets(mongo, { bucket: 'mine' });
    await other.put(Int8Array.of(1), 'array-mine');
    expect(await mongo.db.collection('omegaml_mine.files').countDocuments({})).toBe(1);
    expect(await datasets.exists('array-mine')).toBe(false);
  });

  it.each([
    ['a number', 7],
    ['nothing', undefined],
    ['a class instance', new Map()],
    ['a function', () => 1],
  ])('are refused when they are %s', async (_, value) => {
    await expect(datasets.put(value, 'unsupported')).rejects.toThrow(KindNotSupported);
  });

  it('are refused when the path names no file, or the kind does not fit', async () => {
    await expect(datasets.put('/no/such/file', 'path')).rejects.toThrow(InvalidData);
    await expect(datasets.put([1], 'path', { kind: 'ndarray.bin' })).rejects.toThrow(KindNotSupported);
    await expect(datasets.put([1], 'path', { kind: 'no.such' })).rejects.toThrow(/no\.such/);
  });

  it('are refused when they hold an integer beyond 64 bits', async () => {
    await expect(datasets.put({ a: [{ id: 2n ** 64n + 5n }] }, 'huge')).rejects.toThrow(InvalidData);
    await datasets.put({ a: [{ id: -(2n ** 63n) }] }, 'huge');
    expect(await datasets.get('huge')).toHaveLength(1);
  });

  it('are refused when they contain themselves', async () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    await expect(datasets.put(loop, 'loop')).rejects.toThrow(InvalidData);
  });

  it('have no columns to select', async () => {
    await datasets.put(Int8Array.of(1), 'no-table');
    await expect(datasets.get('no-table[a]')).rejects.toThrow(InvalidData);
  });

  it.each([[-1], [1.5], [2 ** 40], [Number.NaN]])(
    'are reported when their file says that it has %d bytes',
    async (length) => {
      await datasets.put(Buffer.from('abc'), 'measured');
      const { gridfile = new ObjectId() } = await datasets.metadata('measured');
      await mongo.db.collection('omegaml.files').updateOne({ _id: gridfile }, { $set: { length } });
      await expect(datasets.get('measured')).rejects.toThrow(CorruptObject);
    },
  );

  it('are reported when chunks of their file are gone', async () => {
    const { gridfile } = await datasets.put(Buffer.alloc(600_000), 'damaged');
    await mongo.db.collection('omegaml.chunks').deleteOne({ files_id: gridfile, n: 1 });
    await expect(datasets.get('damaged')).rejects.toThrow(CorruptObject);
  });

  it('may be of a kind that the user registers', async () => {
    const upper: Kind<string> = {
      name: 'text.upper',
      appends: false,
      supports: (value) => typeof value === 'string',
      put: async (value, { name }, { files, key }) => ({
        gridfile: await files.write(key(name, 'txt'), Buffer.from(String(value).toUpperCase())),
      }),
      get: async ({ gridfile }, _, { files }) => (gridfile ? String(await files.read(gridfile)) : ''),
    };
    const own = createDatasets(mongo, { bucket: 'omegaml', kinds: [upper] });
    await own.put('hello', 'custom');
    expect(await own.get('custom')).toBe('HELLO');
    await expect(datasets.get('custom')).rejects.toThrow(/text\.upper/);
  });
});

describe('names', () => {
  it('that are not there are reported with those that are close', async () => {
    await datasets.put([{ x: 1 }], 'penguins');
    await expect(datasets.get('penguin')).rejects.toThrow(DatasetNotFound);
    await expect(datasets.get('penguin[x]')).rejects.toThrow(/'penguin'.*penguins/);
    await expect(datasets.metadata('nothing like it')).rejects.toThrow(DatasetNotFound);
  });

  it('that could change the query are refused everywhere', async () => {
    const name: unknown = { $gt: '' };
    await expect(datasets.get(name as string)).rejects.toThrow(InvalidName);
    await expect(datasets.put([{ x: 1 }], name as string)).rejects.toThrow(InvalidName);
    await expect(datasets.drop(name as string)).rejects.toThrow(InvalidName);
    await expect(datasets.metadata(name as string)).rejects.toThrow(InvalidName);
    await expect(datasets.exists(name as string)).rejects.toThrow(InvalidName);
    for (const pattern of [`${'a*'.repeat(20)}b`, 'a'.repeat(2_000)]) {
      await expect(datasets.list(pattern)).rejects.toThrow(InvalidName);
    }
    expect(await datasets.list('(a+)+$')).toEqual([]);
  });

  it('that are hidden or temporary are listed on request', async () => {
    for (const name of ['listed/a', '.listed', '_listed', 'listed+b']) await datasets.put({ x: 1 }, name);
    expect(await datasets.list('listed*')).toEqual(['listed+b', 'listed/a']);
    expect(await datasets.list('listed+*')).toEqual(['listed+b']);
    expect(await datasets.list('*listed', { hidden: true, temporary: true })).toEqual(['.listed', '_listed']);
  });

  it('are free again after a drop, with the data gone', async () => {
    const { collection = '' } = await datasets.put([{ x: 1 }], 'dropped');
    expect(await datasets.drop('dropped')).toBe(true);
    expect(await mongo.db.listCollections({ name: collection }).toArray()).toEqual([]);
    await expect(datasets.drop('dropped')).rejects.toThrow(DatasetNotFound);
    expect(await datasets.drop('dropped', { force: true })).toBe(false);
  });
});

describe('attributes', () => {
  it('are added to those that are there', async () => {
    await datasets.put([{ x: 1 }], 'attributed', { attributes: { a: 1, b: { c: 1 } } });
    const { attributes } = await datasets.put([{ x: 2 }], 'attributed', { attributes: { b: 2 } });
    expect(attributes).toEqual({ a: 1, b: 2 });
  });

  it('are refused with names that MongoDB would read otherwise', async () => {
    await datasets.put([{ x: 1 }], 'attributed2');
    await expect(datasets.put([{ x: 1 }], 'attributed2', { attributes: { 'a.b': 1 } })).rejects.toThrow(
      InvalidData,
    );
    expect((await frame('attributed2')).rowCount).toBe(1);
  });
});
