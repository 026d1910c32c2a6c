import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultStore } from '../../src/backend/backend.ts';
import type { ChordCounter, ChordPart } from '../../src/backend/chord-counter.ts';
import { openRedisBackend } from '../../src/backend/redis.ts';
import { connectRedis, type RedisConnection } from '../../src/backend/redis-client.ts';
import type { JsonText, TaskId } from '../../src/contract/job.ts';
import { ImproperlyConfigured, MessageTooLarge, OperationalError, ProtocolError } from '../../src/errors.ts';
import { recordFromResult, toErrorRecord } from '../../src/protocol/exception.ts';
import {
  decodeResult,
  errorResult,
  progressResult,
  type ResultMeta,
  successResult,
} from '../../src/protocol/result.ts';
import { isException } from '../../src/protocol/states.ts';
import { readFixture } from '../support/celery-fixtures.ts';
import { redisUrl } from '../support/redis.ts';

interface RecordedKey {
  readonly type: string;
  readonly ttl: number;
  readonly value: unknown;
}

interface Scenario {
  readonly keys: Readonly<Record<string, RecordedKey>>;
  readonly published?: readonly { readonly channel: string; readonly data: string }[];
}

const recorded = readFixture<Record<string, Scenario>>('redis-results.json');
const scenarios = ['success', 'failure', 'retry', 'progress'] as const;
const EXPIRES = 86_400;

let redis: RedisConnection['client'];
let backend: ResultStore;
const written: string[] = [];

const json = (value: unknown) => JSON.stringify(value) as JsonText;
const taskKey = (taskId: string) => `celery-task-meta-${taskId}`;
const groupKey = (groupId: string) => `celery-taskset-meta-${groupId}`;

function address(taskId: string = randomUUID()) {
  written.push(taskKey(taskId));
  return { taskId: taskId as TaskId, groupId: null, parentId: null, replyTo: null, correlationId: taskId };
}

/** A recorded state as our worker would store it. */
function resultOf(data: string) {
  const meta = decodeResult(data as JsonText);
  const { parent_id: parentId = null } = JSON.parse(data);
  const to = { ...address(meta.taskId), parentId };
  const date = meta.dateDone ?? new Date();
  const more = {
    children: meta.children,
    dateDone: meta.dateDone,
    ...(meta.request && { request: meta.request }),
  };
  if (isException(meta.state)) {
    const record = recordFromResult(meta.result, meta.traceback);
    return { ...errorResult(to, record, meta.state as 'FAILURE', date), ...more };
  }
  return meta.state === 'SUCCESS'
    ? { ...successResult(to, json(meta.result), date), ...more }
    : { ...progressResult(to, meta.state, meta.result), ...more };
}

/** As Celery writes it; a Date ends at milliseconds. */
function comparable(data: string | null | undefined): unknown {
  const fields = JSON.parse(data ?? 'null');
  return Object.entries({ ...fields, date_done: fields.date_done?.replace(/\d{3}\+/, '000+') ?? null });
}

beforeAll(async () => {
  ({ client: redis } = await connectRedis(redisUrl()));
  backend = await openRedisBackend(redisUrl(), { expires: EXPIRES });
});

afterAll(async () => {
  await redis.del(...written, 'unused');
  await backend.close();
  redis.disconnect();
});

describe('a result in Redis', () => {
  it.each(scenarios)('has the keys, fields and messages of Celery: %s', async (name) => {
    const { keys, published = [] } = recorded[name] ?? { keys: {} };
    const [[key = '', stored] = []] = Object.entries(keys);
    await redis.del(key);
    const heard: string[] = [];
    const subscriber = redis.duplicate();
    await subscriber.subscribe(key);
    subscriber.on('message', (_, data) => heard.push(data));
    for (const { data } of published) await backend.store(resultOf(data));
    await expect.poll(() => heard.length).toBe(published.length);
    expect(heard.map(comparable)).toEqual(published.map(({ data }) => comparable(data)));
    expect(comparable(await redis.get(key))).toEqual(comparable(String(stored?.value)));
    expect(await redis.ttl(key)).toBeGreaterThan(EXPIRES - 60);
    subscriber.disconnect();
  });

  it('is the first final one, whichever worker it comes from', async () => {
    const to = address();
    const other = await openRedisBackend(redisUrl(), { expires: 0 });
    await Promise.all([backend, other].map((store, i) => store.store(successResult(to, json(i)))));
    const first = await backend.fetchResult(to.taskId);
    await other.store(errorResult(to, toErrorRecord(new Error('late'))));
    await other.store(progressResult(to, 'STARTED', {}));
    expect(await backend.fetchResult(to.taskId)).toEqual(first);
    await other.close();
  });

  it('is not replaced either when another program wrote it in another order', async () => {
    const to = address();
    await redis.set(taskKey(to.taskId), json({ task_id: to.taskId, result: 1, status: 'FAILURE' }));
    await backend.store(successResult(to, json(2)));
    expect(await backend.fetchResult(to.taskId)).toMatchObject({ state: 'FAILURE', result: 1 });
  });

  it('is read with many others at once, and forgotten', async () => {
    const addresses = Array.from({ length: 3 }, () => address());
    await Promise.all(addresses.map((to, i) => backend.store(successResult(to, json(i)))));
    const ids = addresses.map(({ taskId }) => taskId);
    await backend.forgetResult(ids[1] ?? '');
    const results = await backend.fetchResults([...ids, 'unknown']);
    expect([...results].map(([id, { result }]) => [id, result])).toEqual([
      [ids[0], 0],
      [ids[2], 2],
    ]);
    expect(await backend.fetchResult('unknown')).toBeNull();
    const states = await backend.fetchStates([...ids, 'unknown']);
    expect([...states]).toEqual([
      [ids[0], 'SUCCESS'],
      [ids[2], 'SUCCESS'],
    ]);
    expect(await backend.fetchInline([...ids, 'unknown'], 2 ** 20)).toEqual(results);
    await expect(backend.fetchInline(ids, 10)).rejects.toThrow(MessageTooLarge);
  });

  it('is told of to those who watch it, until they stop', async () => {
    const to = address();
    const heard: ResultMeta[] = [];
    const stop = await backend.watch?.(to.taskId, (result) => heard.push(result));
    await backend.store(progressResult(to, 'PROGRESS', { done: 1 }));
    await backend.store(successResult(to, json(2)));
    await expect.poll(() => heard.map(({ state }) => state)).toEqual(['PROGRESS', 'SUCCESS']);
    stop?.();
  });

  it('of another serializer is refused by name', async () => {
    const to = address();
    await redis.set(taskKey(to.taskId), Buffer.from([0x80, 0x05, 0x4b, 0x01]));
    await expect(backend.fetchResult(to.taskId)).rejects.toThrow(ProtocolError);
  });
});

describe('a state in another serializer', () => {
  const msgpack = { serializer: 'msgpack', accept: ['msgpack'] } as const;

  it('is replaced while it is not final, and stays when it is, whoever writes', async () => {
    const other = await openRedisBackend(redisUrl(), { expires: EXPIRES, content: msgpack });
    const to = address();
    written.push(taskKey(to.taskId));
    await other.store(progressResult(to, 'PROGRESS', 1));
    await other.store(progressResult(to, 'PROGRESS', 2));
    expect(await other.fetchResult(to.taskId)).toMatchObject({ state: 'PROGRESS', result: 2 });
    await other.store(successResult(to, json(3)));
    await other.store(successResult(to, json(4)));
    await backend.store(successResult(to, json(5)));
    expect(await other.fetchResult(to.taskId)).toMatchObject({ state: 'SUCCESS', result: 3 });
    await expect(backend.fetchResult(to.taskId)).rejects.toThrow(/is msgpack, and json is accepted/);
    await other.close();
  });

  it('that nobody can read is replaced', async () => {
    const to = address();
    written.push(taskKey(to.taskId));
    await redis.set(taskKey(to.taskId), Buffer.from([0xc1, 0xff]));
    await backend.store(successResult(to, json(5)));
    expect(await backend.fetchResult(to.taskId)).toMatchObject({ state: 'SUCCESS', result: 5 });
  });
});

describe('a group in Redis', () => {
  it('is saved in the form of Celery, and found again', async () => {
    const [[key = '', { value }] = ['', { value: '' }]] = Object.entries(recorded.group?.keys ?? {});
    const ids = JSON.parse(String(value)).result[1].map(([[id]]: [[string]]) => id);
    const groupId = key.replace('celery-taskset-meta-', '');
    written.push(key);
    await backend.saveGroup(groupId, ids);
    expect(await redis.get(key)).toBe(value);
    expect(await redis.ttl(key)).toBeGreaterThan(EXPIRES - 60);
    expect(await backend.fetchGroup(groupId)).toEqual(ids);
    expect(await backend.fetchGroup('unknown')).toBeNull();
  });
});

describe('a chord in Redis', () => {
  const chords = () => backend.chords as ChordCounter;
  const part = (groupId: string, index: number, change: Partial<ChordPart> = {}): ChordPart => {
    return {
      groupId,
      groupIndex: index,
      taskId: `${groupId}-${index}`,
      state: 'SUCCESS',
      result: json(index),
      ...change,
    };
  };
  const newGroup = () => {
    const groupId = randomUUID();
    written.push(...['', '.j', '.t', '.s', '.d', '.c'].map((end) => `${groupKey(groupId)}${end}`));
    return groupId;
  };

  it('that waits has the keys of Celery', async () => {
    const [, { keys } = { keys: {} }] = ['chord_waiting', recorded.chord_waiting];
    const groupKeys = Object.entries(keys).filter(([key]) => key.startsWith('celery-taskset-meta-'));
    const groupId = /celery-taskset-meta-([0-9a-f-]{36})/.exec(groupKeys[0]?.[0] ?? '')?.[1] ?? '';
    const parts = keys[`${groupKey(groupId)}.j`]?.value as [string, number][] | undefined;
    const [[text] = ['']] = parts ?? [];
    const [, taskId, state, value] = JSON.parse(text);
    written.push(...groupKeys.map(([key]) => key));
    await redis.del(...groupKeys.map(([key]) => key));
    await chords().begin(groupId, 2);
    expect(await chords().addPart(part(groupId, 0, { taskId, state, result: json(value) }))).toBeNull();
    expect(await redis.zrange(`${groupKey(groupId)}.j`, 0, '-1', 'WITHSCORES')).toEqual([text, '0']);
    expect(await redis.get(`${groupKey(groupId)}.s`)).toBe(keys[`${groupKey(groupId)}.s`]?.value);
    expect(await redis.smembers(`${groupKey(groupId)}.d`)).toEqual(keys[`${groupKey(groupId)}.d`]?.value);
    expect((await redis.keys(`${groupKey(groupId)}*`)).sort()).toEqual(groupKeys.map(([key]) => key).sort());
  });

  it('is claimed by the last part alone, with the results in the order of the header', async () => {
    const groupId = newGroup();
    await chords().begin(groupId, 3);
    const claims = await Promise.all([2, 0, 1].map((index) => chords().addPart(part(groupId, index))));
    const [claim, ...others] = claims.filter((each) => each !== null);
    expect(others).toEqual([]);
    expect(claim).toMatchObject({ outcome: { kind: 'joined', values: [0, 1, 2] }, isCopy: false });
    expect(await claim?.extend()).toBe(true);
    await claim?.end();
    // A part that is delivered again does not begin the chord anew.
    expect(await chords().addPart(part(groupId, 1))).toBeNull();
    expect(await redis.keys(`${groupKey(groupId)}.[jtsd]`)).toEqual([]);
  });

  it('fails with the first failure of its header, in the words of Celery', async () => {
    const groupId = newGroup();
    await chords().begin(groupId, 2);
    const failed = {
      state: 'FAILURE',
      result: json({ exc_type: 'ValueError', exc_message: ['boom', 1], exc_module: 'builtins' }),
    };
    await chords().addPart(part(groupId, 0, failed));
    const claim = await chords().addPart(part(groupId, 1));
    expect(claim?.outcome).toEqual({
      kind: 'failed',
      message: `Dependency ${groupId}-0 raised ValueError('boom', 1)`,
    });
    await claim?.drop();
    expect(await chords().addPart(part(groupId, 1))).toBeNull();
  });

  it('counts a part that comes twice once', async () => {
    const groupId = newGroup();
    await chords().begin(groupId, 2);
    expect(await chords().addPart(part(groupId, 0))).toBeNull();
    expect(await chords().addPart(part(groupId, 0, { result: json('again') }))).toBeNull();
    expect((await chords().addPart(part(groupId, 1)))?.outcome).toEqual({ kind: 'joined', values: [0, 1] });
  });

  it('whose last part is reported again, since its body could not be sent, is claimed again', async () => {
    const groupId = newGroup();
    await chords().begin(groupId, 1);
    expect(await chords().addPart(part(groupId, 0))).toMatchObject({ isCopy: false });
    expect(await chords().addPart(part(groupId, 0))).toMatchObject({ isCopy: true });
  });

  it('is not given up while another worker has claimed it, and taken over when that one is gone', async () => {
    const groupId = newGroup();
    await chords().begin(groupId, 1);
    await redis.set(`${groupKey(groupId)}.c`, 'another', 'EX', 1);
    await expect(chords().addPart(part(groupId, 0))).rejects.toThrow(OperationalError);
    await expect.poll(() => redis.exists(`${groupKey(groupId)}.c`), { timeout: 5_000 }).toBe(0);
    expect(await chords().addPart(part(groupId, 0))).toMatchObject({ isCopy: true });
  });

  it('fails when a part of it cannot be read', async () => {
    const groupId = newGroup();
    await chords().begin(groupId, 2);
    await redis.zadd(`${groupKey(groupId)}.j`, 0, '{}');
    const claim = await chords().addPart(part(groupId, 1));
    expect(claim?.outcome).toMatchObject({
      message: expect.stringMatching(/^Join error: a part of a chord is none of Celery/),
    });
  });

  it('fails, and is not read, when its results are too large together for a message', async () => {
    const [groupId, inGroups] = [newGroup(), newGroup()];
    const result = json('x'.repeat(7 * 2 ** 20));
    await chords().begin(groupId, 2);
    await chords().addPart(part(groupId, 0, { result }));
    const claim = await chords().addPart(part(groupId, 1, { result }));
    const message = expect.stringMatching(/^Join error: the results are too large together to be passed on/);
    expect(claim?.outcome).toEqual({ kind: 'failed', message });

    const ids = ['a', 'b'].map((name) => `${inGroups}-${name}`);
    for (const id of ids) await backend.store(successResult(address(id), result));
    const leaves = ids.map((id) => [[id, null], null] as const);
    await chords().saveHeader([[inGroups, null], [[['inner', null], leaves]]]);
    await chords().begin(inGroups, 1);
    expect((await chords().addPart(part(inGroups, 0)))?.outcome).toEqual({ kind: 'failed', message });
  });

  it('gives the results of groups in its header as lists', async () => {
    const groupId = newGroup();
    const ids = ['a', 'b', 'c'].map((name) => `${groupId}-${name}`);
    for (const [i, id] of ids.entries()) await backend.store(successResult(address(id), json(i)));
    const leaf = (id = '') => [[id, null], null] as const;
    await chords().saveHeader([
      [groupId, null],
      [
        leaf(ids[0]),
        [
          ['inner', null],
          [leaf(ids[1]), leaf(ids[2])],
        ],
      ],
    ]);
    await chords().begin(groupId, 2);
    await chords().addPart(part(groupId, 0));
    const claim = await chords().addPart(part(groupId, 1));
    expect(claim?.outcome).toEqual({ kind: 'joined', values: [0, [1, 2]] });
  });
});

describe('connecting to Redis', () => {
  it.each(['redis://127.0.0.1:1/0'])('fails at once where there is none: %s', async (url) => {
    await expect(openRedisBackend(url, { expires: 0 })).rejects.toThrow(OperationalError);
  });

  it('refuses a database that is no number, without showing the password', async () => {
    const opened = openRedisBackend('redis://:secret@127.0.0.1/nine', { expires: 0 });
    await expect(opened).rejects.toThrow(ImproperlyConfigured);
    await expect(opened).rejects.not.toThrow(/secret/);
  });

  it('puts the global prefix before every key', async () => {
    const prefixed = await openRedisBackend(`${redisUrl()}?global_keyprefix=shop`, { expires: 60 });
    const to = address();
    await prefixed.store(successResult(to, json(1)));
    written.push(`shop_${taskKey(to.taskId)}`);
    expect(await redis.get(`shop_${taskKey(to.taskId)}`)).toContain('SUCCESS');
    await prefixed.close();
  });
});
