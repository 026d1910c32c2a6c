import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ImproperlyConfigured, OperationalError } from '../../src/errors.ts';
import { connectMongo, isDuplicateKey, type Mongo, openMongo } from '../../src/mongo/client.ts';
import { decodeDocument, findFirst } from '../../src/mongo/find-first.ts';
import { readRawBatches } from '../../src/mongo/raw.ts';
import { until, useProxy } from '../support/broker-harness.ts';
import { mongoUrl } from '../support/services.ts';

let mongo: Mongo;

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('mongo'));
  await mongo.db.dropDatabase();
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

/** A server that accepts connections and never answers. */
async function silentServer(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return { server, port: address.port };
}

describe('a connection', () => {
  it('takes the database from the URL, else omega', async () => {
    expect(mongo.db.databaseName).toContain('mongo');
    const url = new URL(mongoUrl('x'));
    url.pathname = '/';
    const other = await connectMongo(url.href);
    expect(other.db.databaseName).toBe('omega');
    await other.close();
  });

  it('acknowledges writes when a majority has them in the journal, unless the URL says otherwise', async () => {
    expect(mongo.client.options.writeConcern).toMatchObject({ w: 'majority', j: true });
    const other = await connectMongo(`${mongoUrl('mongo')}&w=1&maxPoolSize=3`, { maxPoolSize: 7 });
    expect(other.client.options.writeConcern).toMatchObject({ w: 1 });
    expect(other.client.options.maxPoolSize).toBe(3);
    await other.close();
  });

  it('fails with the address and without the password when nobody answers', async () => {
    const { server, port } = await silentServer();
    server.close();
    const url = `mongodb://user:s3cret@127.0.0.1:${port}/x?serverSelectionTimeoutMS=300&directConnection=true`;
    const error: unknown = await connectMongo(url).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(OperationalError);
    expect(String(error)).toContain(`127.0.0.1:${port}`);
    expect(JSON.stringify([String(error), (error as Error).stack])).not.toContain('s3cret');
  });

  it.each([
    ['mongodb://user:s3cret@/x'],
    ['mongodb://user:s3cret@host:notaport/x'],
    ['mongodb://user:s3cret@host/x?nosuchoption=1'],
    ['http://user:s3cret@host/x'],
  ])('refuses the URL %s without repeating the password', async (url) => {
    const error: unknown = await connectMongo(url).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(ImproperlyConfigured);
    expect((error as Error).stack).not.toContain('s3cret');
  });

  it('refuses wrong credentials as a setting', async () => {
    const url = mongoUrl('mongo').replace('mongodb://', 'mongodb://nobody:s3cret@');
    await expect(connectMongo(url)).rejects.toThrow(ImproperlyConfigured);
    await expect(connectMongo(url)).rejects.not.toThrow(/s3cret/);
  });

  it('a client whose first operation found no server works when there is one', async () => {
    const proxy = await useProxy(mongoUrl('mongo'));
    const url = new URL(proxy.url(mongoUrl('mongo')));
    url.searchParams.delete('replicaSet');
    url.searchParams.set('directConnection', 'true');
    url.searchParams.set('serverSelectionTimeoutMS', '300');
    const late = openMongo(url.href);
    onTestFinished(() => late.close());
    await proxy.refuse();
    const count = () => late.db.collection('nothing').countDocuments();
    await expect(count()).rejects.toThrow('ECONNREFUSED');

    await proxy.accept();
    expect(await count()).toBe(0);
  });

  it('tells duplicate keys from other errors', async () => {
    const things = mongo.db.collection<{ _id: number }>('things');
    await things.insertOne({ _id: 1 });
    const error: unknown = await things.insertOne({ _id: 1 }).catch((failure: unknown) => failure);
    expect([isDuplicateKey(error), isDuplicateKey(new Error('E11000'))]).toEqual([true, false]);
  });
});

describe('a raw read', () => {
  beforeAll(async () => {
    const documents = Array.from({ length: 1000 }, (_, i) => ({ i, text: 'x'.repeat(40_000) }));
    await mongo.db.collection('large').insertMany(documents);
  });

  async function openCursors(): Promise<number> {
    const { metrics } = await mongo.db.admin().serverStatus();
    return Number(metrics.cursor.open.total);
  }

  it('comes in several batches', async () => {
    let batches = 0;
    for await (const batch of readRawBatches(mongo, { collection: 'large' }))
      batches += batch.length > 0 ? 1 : 0;
    expect(batches).toBeGreaterThan(2);
  });

  it('of a collection that is not there is empty', async () => {
    for await (const batch of readRawBatches(mongo, { collection: 'none' })) expect(batch.length).toBe(5);
  });

  it('leaves no cursor behind when the caller stops early', async () => {
    const before = await openCursors();
    for await (const _ of readRawBatches(mongo, { collection: 'large' })) break;
    expect(await openCursors()).toBeLessThanOrEqual(before);
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const read = async (): Promise<void> => {
      for await (const _ of readRawBatches(mongo, { collection: 'large', signal: controller.signal })) {
        controller.abort(new Error('enough'));
      }
    };
    await expect(read()).rejects.toThrow('enough');
  });
});

it('the connections are counted: those in use, those that are free, and operations that wait for one', async () => {
  const other = await connectMongo(mongoUrl('mongo'), { maxPoolSize: 2 });
  onTestFinished(() => other.close());
  const slow = () => other.db.command({ find: 'slow', filter: { $where: 'sleep(1000) || true' }, limit: 1 });
  await other.db.collection('slow').insertOne({});
  const running = Promise.all([slow(), slow(), slow()]);
  await until(() => other.pool().pending === 1);
  expect(other.pool()).toEqual({ available: 0, checkedOut: 2, pending: 1 });
  await running;
  expect(other.pool()).toEqual({ available: 2, checkedOut: 0, pending: 0 });
});

describe('the first document', () => {
  it('is that which matches, in BSON; null if none does', async () => {
    await mongo.db.collection('firsts').insertMany([{ x: 1 }, { x: 2, y: [{ z: 3 }] }, { x: 4 }]);
    const found = await findFirst(mongo, 'firsts', { x: { $gt: 1 } });
    expect(found && decodeDocument(found)).toMatchObject({ x: 2, y: [{ z: 3 }] });
    expect(await findFirst(mongo, 'firsts', { x: 3 })).toBeNull();
  });

  it('is asked for again when the connection ends meanwhile', async () => {
    const proxy = await useProxy(mongoUrl('mongo'));
    const other = await connectMongo(proxy.url(mongoUrl('mongo')));
    onTestFinished(() => other.close());
    await other.db.collection('asked').insertOne({ x: 1 });
    proxy.delay(200);
    const found = findFirst(other, 'asked', { x: 1 });
    await sleep(50);
    proxy.cut();
    expect(decodeDocument((await found) ?? Buffer.alloc(0))).toMatchObject({ x: 1 });
  });
});
