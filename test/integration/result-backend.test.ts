import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ResultStore } from '../../src/backend/backend.ts';
import { openBackends } from '../../src/backend/backends.ts';
import { openMongoBackend } from '../../src/backend/mongodb.ts';
import type { JsonText, TaskId } from '../../src/contract/job.ts';
import type { Publication } from '../../src/contract/transport.ts';
import { BackendStoreError, MessageTooLarge, OperationalError, ProtocolError } from '../../src/errors.ts';
import { Binary, type Document } from '../../src/mongo/bson.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { toErrorRecord } from '../../src/protocol/exception.ts';
import { errorResult, progressResult, type ResultAddress, successResult } from '../../src/protocol/result.ts';
import { readFixture } from '../support/celery-fixtures.ts';
import { mongoUrl } from '../support/services.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

/** The part of the recorded documents that is read here. */
interface Recorded {
  readonly documents: {
    readonly celery_taskmeta: readonly {
      readonly _id: string;
      readonly status: string;
      readonly result: string;
      readonly date_done: { readonly $date: string } | null;
    }[];
  };
}

let mongo: Mongo;
let backend: ResultStore;

const documents = () => mongo.db.collection<Document & { _id: string }>('celery_taskmeta');
const json = (text: string) => text as JsonText;

function address(change: Partial<ResultAddress> = {}): ResultAddress {
  const taskId = randomUUID() as TaskId;
  return { taskId, groupId: null, parentId: null, replyTo: 'client', correlationId: taskId, ...change };
}

beforeAll(async () => {
  mongo = await connectMongo(mongoUrl('result_backend'));
});

beforeEach(async () => {
  await mongo.db.collection('celery_taskmeta').drop();
  backend = await openMongoBackend(mongo);
});

afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

describe('the document', () => {
  it('has the fields and types of Celery', async () => {
    const to = address({ groupId: 'g', parentId: 'p' });
    const date = new Date('2026-01-02T03:04:05.006Z');
    await backend.store(successResult(to, json('[1,NaN]'), date));
    expect(await documents().findOne({ _id: to.taskId })).toEqual({
      _id: to.taskId,
      status: 'SUCCESS',
      result: '[1,NaN]',
      traceback: null,
      children: [],
      date_done: date,
      group_id: 'g',
      parent_id: 'p',
    });
  });

  it('of a failure carries the exception and the traceback', async () => {
    const to = address();
    await backend.store(errorResult(to, { ...toErrorRecord(new TypeError('no')), traceback: 'tb' }));
    const document = await documents().findOne({ _id: to.taskId });
    expect(document).toMatchObject({ status: 'FAILURE', traceback: 'tb', date_done: expect.any(Date) });
    expect(JSON.parse(document?.result)).toEqual({
      exc_type: 'TypeError',
      exc_message: ['no'],
      exc_module: 'builtins',
    });
  });

  it('is found by the index that Celery creates', async () => {
    expect(await documents().indexes()).toContainEqual(
      expect.objectContaining({ name: 'date_done_1', key: { date_done: 1 } }),
    );
  });
});

describe('the state that stays', () => {
  it('is the last one as long as the task has not ended', async () => {
    const to = address();
    await backend.store(progressResult(to, 'STARTED', { pid: 1 }));
    await backend.store(progressResult(to, 'PROGRESS', { done: 5 }));
    expect(await backend.fetchResult(to.taskId)).toMatchObject({ state: 'PROGRESS', result: { done: 5 } });
    await backend.store(successResult(to, json('1')));
    expect(await backend.fetchResult(to.taskId)).toMatchObject({ state: 'SUCCESS', result: 1 });
  });

  it.each(['SUCCESS', 'FAILURE', 'REVOKED'] as const)('is %s once it is there', async (state) => {
    const to = address();
    const first =
      state === 'SUCCESS'
        ? successResult(to, json('1'))
        : errorResult(to, toErrorRecord(new Error('1')), state);
    await backend.store(first);
    await backend.store(successResult(to, json('2')));
    await backend.store(errorResult(to, toErrorRecord(new Error('3'))));
    await backend.store(progressResult(to, 'STARTED', { pid: 1 }));
    expect(await documents().findOne({ _id: to.taskId })).toMatchObject({
      status: state,
      result: first.result,
    });
  });

  it('is the same for all of several writers at once', async () => {
    const to = address();
    const others = await Promise.all([openMongoBackend(mongo), openMongoBackend(mongo)]);
    const writers = [backend, ...others];
    await Promise.all(writers.map((writer, index) => writer.store(successResult(to, json(`${index}`)))));
    const [meta] = await Promise.all(writers.map((writer) => writer.fetchResult(to.taskId)));
    await Promise.all(writers.map((writer) => writer.store(successResult(to, json('9')))));
    expect(await backend.fetchResult(to.taskId)).toEqual(meta);
    expect(await documents().countDocuments({ _id: to.taskId })).toBe(1);
  });

  it('is not disturbed by many states of many tasks in one turn', async () => {
    const addresses = Array.from({ length: 300 }, () => address());
    const writes = addresses.flatMap((to, index) => [
      backend.store(progressResult(to, 'STARTED', { pid: 1 })),
      backend.store(successResult(to, json(`${index}`))),
      backend.store(progressResult(to, 'STARTED', { pid: 2 })),
    ]);
    await Promise.all(writes);
    const stored = await Promise.all(addresses.map(({ taskId }) => backend.fetchResult(taskId)));
    expect(stored.map((meta) => meta?.result)).toEqual(addresses.map((_, index) => index));
  });
});

describe('a write that cannot be done', () => {
  it('fails alone when the server refuses its document', async () => {
    await mongo.db.command({
      collMod: 'celery_taskmeta',
      validator: { result: { $ne: '"bad"' } },
      validationLevel: 'strict',
    });
    const texts = ['"good"', '"bad"', '"fine"'];
    const settled = await Promise.allSettled(
      texts.map((text) => backend.store(successResult(address(), json(text)))),
    );
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: expect.any(BackendStoreError) });
  });

  it('is refused before the others are touched when its result is too large', async () => {
    const large = successResult(address(), json(`"${'x'.repeat(12 * 1024 * 1024)}"`));
    const small = successResult(address(), json('1'));
    const settled = await Promise.allSettled([backend.store(large), backend.store(small)]);
    expect(settled[0]).toMatchObject({ reason: expect.any(MessageTooLarge) });
    expect(settled[1]).toMatchObject({ status: 'fulfilled' });
  });

  it('is an OperationalError while MongoDB cannot be reached, and done when it can', async () => {
    const proxy = await startTcpProxy(mongoUrl('result_backend'));
    const url = new URL(proxy.url(mongoUrl('result_backend')));
    url.searchParams.delete('replicaSet');
    url.searchParams.set('directConnection', 'true');
    url.searchParams.set('serverSelectionTimeoutMS', '500');
    const remote = await connectMongo(url.href);
    const cut = await openMongoBackend(remote);
    const result = successResult(address(), json('1'));
    await proxy.refuse();
    await expect(cut.store(result)).rejects.toThrow(OperationalError);
    await expect(cut.fetchResult(result.taskId)).rejects.toThrow(OperationalError);
    await proxy.accept();
    await vi.waitFor(() => cut.store(result), { timeout: 20_000, interval: 100 });
    expect(await backend.fetchResult(result.taskId)).toMatchObject({ result: 1 });
    await remote.close();
    await proxy.close();
  });
});

describe('reading', () => {
  it('gives null for a task of which nothing is stored', async () => {
    expect(await backend.fetchResult(randomUUID())).toBeNull();
  });

  it('reads what Celery stored', async () => {
    const { celery_taskmeta: recorded } = readFixture<Recorded>('mongodb-documents.json').documents;
    const dated = recorded.map((document) => ({
      ...document,
      date_done: document.date_done && new Date(document.date_done.$date),
    }));
    await documents().insertMany(dated);
    for (const { _id, status, result, date_done } of dated) {
      expect(await backend.fetchResult(_id)).toMatchObject({
        taskId: _id,
        state: status,
        result: JSON.parse(result),
        dateDone: date_done,
      });
    }
  });

  it('refuses a result of another serializer', async () => {
    const document = { status: 'SUCCESS', result: new Binary(Buffer.of(1)), traceback: null, children: [] };
    await documents().insertOne({ _id: 'pickled', ...document, date_done: null });
    await expect(backend.fetchResult('pickled')).rejects.toThrow(ProtocolError);
  });
});

describe('openBackends', () => {
  function publisher() {
    const outbox: Publication[] = [];
    return { outbox, publish: async (publication: Publication) => void outbox.push(publication) };
  }

  it('stores and then sends by default', async () => {
    const client = publisher();
    const to = address();
    let storedFirst = false;
    const publish = async (publication: Publication) => {
      storedFirst = (await documents().countDocuments({ _id: to.taskId })) === 1;
      await client.publish(publication);
    };
    const both = await openBackends('', mongo, { publish });
    await both.store(successResult(to, json('1')));
    expect(storedFirst).toBe(true);
    expect(client.outbox).toHaveLength(1);
    expect(await both.fetchResult(to.taskId)).toMatchObject({ result: 1 });
    await both.close();
  });

  it('sends only, and reads nothing, at rpc://', async () => {
    const client = publisher();
    const to = address();
    const rpc = await openBackends('rpc://', mongo, client);
    await rpc.store(successResult(to, json('1')));
    expect(client.outbox).toHaveLength(1);
    expect(await rpc.fetchResult(to.taskId)).toBeNull();
    expect(await documents().countDocuments({ _id: to.taskId })).toBe(0);
  });

  it('stores only, in the named database, at a MongoDB URL', async () => {
    const client = publisher();
    const to = address();
    const stored = await openBackends(mongoUrl('result_backend'), mongo, client);
    await stored.store(successResult(to, json('1')));
    await stored.close();
    expect(client.outbox).toEqual([]);
    expect(await documents().countDocuments({ _id: to.taskId })).toBe(1);
  });
});
