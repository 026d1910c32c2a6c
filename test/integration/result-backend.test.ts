import { randomUUID } from 'node:crypto';
import { BSON } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ResultStore } from '../../src/backend/backend.ts';
import { openBackends } from '../../src/backend/backends.ts';
import { takeDuty } from '../../src/backend/daily-cleanup.ts';
import { openMongoBackend } from '../../src/backend/mongodb.ts';
import type { JsonText, TaskId } from '../../src/contract/job.ts';
import type { Publication } from '../../src/contract/transport.ts';
import {
  CorruptObject,
  MessageTooLarge,
  OperationalError,
  ProtocolError,
  ResultRefused,
} from '../../src/errors.ts';
import { Binary, type Document } from '../../src/mongo/bson.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { toErrorRecord } from '../../src/protocol/exception.ts';
import { PythonValue } from '../../src/protocol/python-value.ts';
import {
  errorResult,
  progressResult,
  type ResultAddress,
  successResult,
  type TaskResult,
} from '../../src/protocol/result.ts';
import { readRequest } from '../../src/protocol/result-request.ts';
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
      readonly traceback: string | null;
      readonly children: readonly unknown[];
      readonly date_done: { readonly $date: string } | null;
      readonly group_id?: string;
      readonly parent_id?: string;
    }[];
    readonly celery_groupmeta: readonly { readonly _id: string; readonly result: string }[];
  };
}

let mongo: Mongo;
let backend: ResultStore;

/** What our worker stores for the outcome that was recorded. */
function resultOf(recorded: Recorded['documents']['celery_taskmeta'][number]): TaskResult {
  const { _id, status: state, result, traceback, children, date_done, group_id, parent_id } = recorded;
  const to = address({ taskId: _id as TaskId, groupId: group_id ?? null, parentId: parent_id ?? null });
  const dateDone = date_done && new Date(date_done.$date);
  const request = readRequest({ ...recorded });
  return { ...to, state, result: json(result), traceback, children, dateDone, ...(request && { request }) };
}

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
  backend = await openMongoBackend(mongo, { expires: 3600 });
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
    expect(settled[1]).toMatchObject({ reason: expect.any(ResultRefused) });
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

const { EJSON } = BSON;

it('arguments that are nested deeper than a document may be are kept as their text', async () => {
  const to = address();
  const deep = Array.from({ length: 700 }).reduce<unknown>((inner) => [inner], 1);
  const request = { name: 't', args: [deep], kwargs: {}, worker: 'w', retries: 0, queue: 'q', stamps: {} };
  await backend.store({ ...successResult(to, json('1')), request });
  const { request: kept } = (await backend.fetchResult(to.taskId)) ?? {};
  expect(JSON.stringify(kept?.args).replaceAll('"', '')).toBe(JSON.stringify([deep]));
});

describe('the documents of Celery', () => {
  const { celery_taskmeta: recorded, celery_groupmeta: groups } =
    readFixture<Recorded>('mongodb-documents.json').documents;

  it.each(recorded)('are written field for field and type for type: $_id', async (document) => {
    await backend.store(resultOf(document));
    const written = await documents().findOne({ _id: document._id }, { promoteValues: false });
    expect(EJSON.stringify(written, { relaxed: false })).toBe(
      EJSON.stringify(EJSON.parse(JSON.stringify(document), { relaxed: false }), { relaxed: false }),
    );
  });

  it('are the same for a saved group', async () => {
    const [group = { _id: '', result: '' }] = groups;
    await backend.saveGroup(group._id, JSON.parse(group.result));
    const written = await mongo.db
      .collection<Document & { _id: string }>('celery_groupmeta')
      .findOne({ _id: group._id });
    expect(written).toEqual({ _id: group._id, result: group.result, date_done: expect.any(Date) });
    expect(await backend.fetchGroup(group._id)).toEqual(JSON.parse(group.result));
    expect(await backend.fetchGroup('unknown')).toBeNull();
  });
});

describe('arguments that are kept with a result', () => {
  it('keep their integers, dates and bytes, whatever their size', async () => {
    const to = address();
    const args = [1, 2 ** 31, -(2 ** 53 - 1), 2n ** 60n, 1.5, new Date(5), Buffer.from([255]), 2n ** 70n];
    const kwargs = {
      $set: { 'a.b': null },
      'zero\0byte': true,
      uuid: new PythonValue('date', '2026-01-02'),
    };
    const request = {
      name: 't',
      args,
      kwargs,
      worker: 'w@h',
      retries: 0,
      queue: 'q',
      stamps: { $bad: 1, good: 2 },
    };
    await backend.store({ ...successResult(to, json('1')), request });
    const written = await documents().findOne({ _id: to.taskId }, { promoteValues: false });
    expect(JSON.parse(EJSON.stringify(written?.args, { relaxed: false }))).toEqual([
      { $numberInt: '1' },
      { $numberLong: String(2 ** 31) },
      { $numberLong: String(-(2 ** 53 - 1)) },
      { $numberLong: String(2n ** 60n) },
      { $numberDouble: '1.5' },
      { $date: { $numberLong: '5' } },
      { $binary: { base64: '/w==', subType: '00' } },
      String(2n ** 70n),
    ]);
    expect(await backend.fetchResult(to.taskId)).toMatchObject({
      request: {
        name: 't',
        kwargs: { $set: { 'a.b': null }, 'zero\u2400byte': true, uuid: '2026-01-02' },
        stamps: { good: 2 },
      },
    });
  });
});

describe('many results', () => {
  it('are read at once, without those that are not there', async () => {
    const [one, two] = [address(), address()];
    await Promise.all([
      backend.store(successResult(one, json('1'))),
      backend.store(successResult(two, json('2'))),
    ]);
    const results = await backend.fetchResults([two.taskId, 'unknown', one.taskId]);
    expect(results.get(one.taskId)).toMatchObject({ state: 'SUCCESS', result: 1 });
    expect([...results.keys()].sort()).toEqual([one.taskId, two.taskId].sort());
  });
});

describe('a result that is larger than a document', () => {
  const text = json(`"${'x'.repeat(17 * 1024 * 1024)}"`);
  const files = () => mongo.db.collection('celery_results.files');

  it('is read whole; for Celery it is a dict that says where the value is', async () => {
    const to = address();
    await backend.store(successResult(to, text));
    expect(await backend.fetchResult(to.taskId)).toMatchObject({
      state: 'SUCCESS',
      result: JSON.parse(text),
    });
    const document = await documents().findOne({ _id: to.taskId });
    expect(JSON.parse(document?.result).omega_large).toMatchObject({
      bucket: 'celery_results',
      bytes: text.length,
    });
    await backend.forgetResult(to.taskId);
    expect(await backend.fetchResult(to.taskId)).toBeNull();
    expect(await files().countDocuments({ filename: to.taskId })).toBe(0);
  });

  it('stays where it is for who asks for the state, or for what fits into a message', async () => {
    const [to, small] = [address(), address()];
    await backend.store(successResult(to, text));
    await backend.store(successResult(small, json('[1, 2]')));
    await files().deleteMany({ filename: to.taskId });
    const ids = [to.taskId, small.taskId, 'unknown'];
    const states = await backend.fetchStates(ids);
    expect(Object.fromEntries(states)).toEqual({ [to.taskId]: 'SUCCESS', [small.taskId]: 'SUCCESS' });
    const results = await backend.fetchInline(ids, 1000);
    expect(results.get(to.taskId)).toMatchObject({ result: null, large: { bytes: text.length } });
    expect(results.get(small.taskId)).toMatchObject({ result: [1, 2] });
    await expect(backend.fetchInline([small.taskId], 5)).rejects.toThrow(MessageTooLarge);
  });

  it('is found to be lost when its file is', async () => {
    const to = address();
    await backend.store(successResult(to, text));
    await files().deleteMany({ filename: to.taskId });
    await expect(backend.fetchResult(to.taskId)).rejects.toThrow(CorruptObject);
  });
});

describe('the cleanup', () => {
  const later = () => new Date(Date.now() + 3 * 3_600_000);

  it('removes what has expired: results, groups and large values', async () => {
    const [old, running] = [address(), address()];
    await backend.store(successResult(old, json(`"${'x'.repeat(12 * 1024 * 1024)}"`)));
    await backend.store(progressResult(running, 'STARTED', {}));
    await backend.saveGroup('expiring', [old.taskId]);
    await backend.cleanup();
    expect(await backend.fetchGroup('expiring')).toEqual([old.taskId]);
    await backend.cleanup(later());
    expect(await backend.fetchResult(old.taskId)).toBeNull();
    expect(await backend.fetchGroup('expiring')).toBeNull();
    expect(await mongo.db.collection('celery_results.chunks').countDocuments()).toBe(0);
    expect(await backend.fetchResult(running.taskId)).toMatchObject({ state: 'STARTED' });
  });

  it('removes nothing where results never expire', async () => {
    const lasting = await openMongoBackend(mongo, { expires: 0 });
    const to = address();
    await lasting.store(successResult(to, json('1')));
    await lasting.cleanup(later());
    expect(await lasting.fetchResult(to.taskId)).not.toBeNull();
  });

  it('is taken on by one worker a day', async () => {
    const now = new Date();
    const taken = await Promise.all([1, 2, 3].map(() => takeDuty(mongo, now)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await takeDuty(mongo, new Date(now.getTime() + 3_600_000))).toBe(false);
    expect(await takeDuty(mongo, new Date(now.getTime() + 24 * 3_600_000))).toBe(true);
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
