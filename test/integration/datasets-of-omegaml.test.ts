/** Reads what omega|ml 0.18 has written: documents recorded from its database. */
import { readFileSync } from 'node:fs';
import { BSON, type Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KindNotSupported } from '../../src/errors.ts';
import type { DataFrame } from '../../src/frame/data-frame.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { createDatasets, type Datasets } from '../../src/store/datasets.ts';
import { formatMetadata } from '../../src/store/metadata.ts';
import { createJobs } from '../../src/store/notebooks.ts';
import { mongoUrl } from '../support/services.ts';

interface Recorded {
  readonly metadata: Document;
  readonly gridfs_collection?: string;
  readonly gridfs_file?: Document;
  readonly gridfs_chunk0?: Document;
}

const NAMES = [
  ...['dfmixed', 'dfmi', 'dfts', 'dfnullable', 'dftypes', 'ser', 'dfdti', 'dfapp', 'pydict'].map(
    (n) => `data-${n}`,
  ),
  ...['data-pylistlist', 'data-rawd', 'data-rawfile.txt', 'data-dfhdf', 'jobs-myjob.ipynb'],
];

let mongo: Mongo;
let datasets: Datasets;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('datasets_of_omegaml'));
  await mongo.db.dropDatabase();
  for (const name of NAMES) await restore(name);
  datasets = createDatasets(mongo, { bucket: 'omegaml' });
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

async function restore(name: string): Promise<void> {
  const path = new URL(`../fixtures/omegaml/mongo-omegaml-${name}.json`, import.meta.url);
  const recorded = BSON.EJSON.parse(readFileSync(path, 'utf8')) as Recorded & Document;
  await mongo.db.collection('metadata').insertOne(recorded.metadata);
  const rows: Document[] = recorded['collection_docs(first 3)'] ?? [];
  if (rows.length > 0) await mongo.db.collection(recorded.metadata.collection).insertMany(rows);
  if (!recorded.gridfs_file || !recorded.gridfs_chunk0) return;
  await mongo.db.collection('omegaml.files').insertOne(recorded.gridfs_file);
  await mongo.db.collection('omegaml.chunks').insertOne(recorded.gridfs_chunk0);
}

async function frame(name: string): Promise<DataFrame> {
  return (await datasets.get(name)) as DataFrame;
}

describe('a DataFrame that omega|ml has written', () => {
  it('is read with every type of column, and its index', async () => {
    const mixed = await frame('dfmixed');
    expect(mixed.toRows()).toEqual([
      {
        ...{ i: 1, f: 1.5, s: 'a', b: true, a_b: 1, o: { x: 1 } },
        dt: new Date('2024-01-01T12:00:00.123Z'),
        dtz: new Date('2024-01-01T11:00:00Z'),
      },
      {
        ...{ i: 2, f: Number.NaN, s: null, b: false, a_b: 2, o: [1, 2] },
        dt: new Date('2024-06-01T00:00:00Z'),
        dtz: new Date('2024-06-01T10:00:00Z'),
      },
      {
        ...{ i: 3, f: 3, s: 'ü.x', b: true, a_b: 3, o: null },
        dt: new Date('2024-06-02T00:00:00Z'),
        dtz: new Date('2024-06-30T22:00:00Z'),
      },
    ]);
    expect(mixed.index).toMatchObject([{ name: 'rid', column: { dictionary: ['r1', 'r2', 'r3'] } }]);
  });

  it('has the columns in the order of the metadata, and only those selected', async () => {
    expect((await frame('dfmixed')).columnNames).toEqual(['i', 'f', 's', 'dt', 'dtz', 'b', 'a_b', 'o']);
    expect((await frame('dfmixed[s,i]')).toRows()).toEqual([
      { s: 'a', i: 1 },
      { s: null, i: 2 },
      { s: 'ü.x', i: 3 },
    ]);
  });

  it('is refused when two of its columns had one name, of which MongoDB has kept one', async () => {
    const metadata = mongo.db.collection('metadata');
    const stored: Document = (await metadata.findOne({ name: 'dfmixed' }, { projection: { _id: 0 } })) ?? {};
    const columns = [...stored.kind_meta.columns, ['i', 'i']];
    await metadata.insertOne({ ...stored, name: 'doubled', kind_meta: { ...stored.kind_meta, columns } });
    await expect(frame('doubled')).rejects.toThrow(/column 'i' is there twice/);
  });

  it('keeps the levels of a MultiIndex, and labels that are not 0, 1, …', async () => {
    expect((await frame('dfmi')).index.map(({ name, column }) => [name, [...column.values]])).toEqual([
      ['k1', [0, 0, 1]],
      ['k2', [1, 2, 1]],
    ]);
    expect((await frame('dfapp')).index.map(({ column }) => [...column.values])).toEqual([[0, 1, 0]]);
    expect((await frame('dfdti')).index[0]?.column.type).toBe('datetime');
  });

  it('has no index when it was 0, 1, …', async () => {
    expect((await frame('dftypes')).index).toEqual([]);
  });

  it('has masks for nullable types', async () => {
    expect((await frame('dfnullable')).toRows()).toEqual([
      { n: 1, st: 'a', bo: true },
      { n: null, st: null, bo: null },
    ]);
  });
});

describe('other data that omega|ml has written', () => {
  it('are read: a Series as one column', async () => {
    expect((await frame('ser')).toRows()).toEqual([{ ser: 1 }, { ser: 2 }, { ser: Number.NaN }]);
  });

  it('are read: plain objects as a list of what was put', async () => {
    expect(await datasets.get('pydict')).toEqual([{ a: 1, b: [1, 2], c: { d: null } }, { a: 2 }]);
    expect(await datasets.get('pylistlist')).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('are read: any collection as a table', async () => {
    expect((await frame('rawd')).toRows()).toEqual([
      { a: 1, b: null },
      { a: 2, b: { c: 1 } },
    ]);
    expect((await frame('rawd[a]')).columnNames).toEqual(['a']);
  });

  it('are read: files', async () => {
    expect(await datasets.get('rawfile.txt')).toEqual(Buffer.from('hello raw'));
  });

  it('are refused when only Python can read them, saying so', async () => {
    await expect(datasets.get('dfhdf')).rejects.toThrow(KindNotSupported);
    await expect(datasets.get('dfhdf')).rejects.toThrow(/'dfhdf' is a pandas\.hdf.*Python only/);
  });

  it('are listed by name', async () => {
    expect(await datasets.list('df*')).toEqual(
      NAMES.flatMap((n) => /^data-(df.*)$/.exec(n)?.[1] ?? []).sort(),
    );
  });
});

describe('metadata that omega|ml has written', () => {
  it('are printed as omega|ml prints them', async () => {
    expect(formatMetadata(await datasets.metadata('dfmixed'))).toBe(
      '<Metadata: Metadata(name=dfmixed,bucket=omegaml,prefix=data/,kind=pandas.dfrows,created=2026-11-23 08:39:06.792000)>',
    );
  });

  it('of a notebook are found with and without .ipynb, with its runs', async () => {
    const jobs = createJobs(mongo, { bucket: 'omegaml' });
    const metadata = await jobs.metadata('myjob');
    expect(metadata.attributes).toMatchObject({ state: 'SUCCESS', job_runs: { length: 5 } });
    expect((await jobs.metadata('myjob.ipynb')).id).toEqual(metadata.id);
  });
});
