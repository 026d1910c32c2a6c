import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { createMetadataStore, type MetadataStore } from '../../src/store/metadata-store.ts';
import { mongoUrl } from '../support/services.ts';

let mongo: Mongo;
/** Of one bucket: what one of them writes, the other learns from MongoDB alone. */
let writer: MetadataStore;
let reader: MetadataStore;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('metadata_memory'));
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

beforeEach(() => {
  const bucket = randomUUID();
  writer = createMetadataStore(mongo, bucket, 'models/');
  reader = createMetadataStore(mongo, bucket, 'models/');
});

async function insert(name: string, attributes = {}) {
  const inserted = await writer.insert({ name, kind: 'python.file', attributes });
  if (!inserted) throw new Error(`'${name}' is there already`);
  return inserted;
}

describe('metadata that are recalled', () => {
  it('are the same object for as long as they are the same', async () => {
    const inserted = await insert('m', { tries: [1, 2] });
    const first = await reader.recall('m');
    expect(first).toEqual(inserted);
    expect(await reader.recall('m')).toBe(first);
  });

  it('are what the next question finds after a change', async () => {
    const { id } = await insert('m', { tries: 1 });
    await reader.recall('m');
    await writer.update(id, { $set: { 'attributes.tries': 2 } });
    expect(await reader.recall('m')).toMatchObject({ id, attributes: { tries: 2 } });
    expect(await reader.recall('m')).toEqual(await writer.find('m'));
  });

  it('are those of another object where one of the same name has taken the place', async () => {
    const { id } = await insert('m');
    await reader.recall('m');
    await writer.remove(id);
    expect(await reader.recall('m')).toBeNull();
    const second = await insert('m');
    expect(await reader.recall('m')).toEqual(second);
  });

  it('are found by their name also when another object has had it before', async () => {
    const { id } = await insert('m');
    await reader.recall('m');
    await writer.update(id, { $set: { name: 'n' } });
    const second = await insert('m');
    expect(await reader.recall('m')).toEqual(second);
    expect(await reader.recall('n')).toMatchObject({ id, name: 'n' });
  });

  it('are right also for more names than are remembered', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `m${i}`);
    await Promise.all(names.map((name) => insert(name)));
    for (const _ of [1, 2]) {
      const recalled = await Promise.all(names.map((name) => reader.recall(name)));
      expect(recalled.map((metadata) => metadata?.name)).toEqual(names);
    }
  });
});
