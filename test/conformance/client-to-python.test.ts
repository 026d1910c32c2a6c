/** Our client sends, a Celery 5.7 worker runs: with results in MongoDB, and with replies alone. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chain, chord, chunks, group, map, starmap } from '../../src/contract/canvas.ts';
import { immutable, link, linkError, stamp } from '../../src/contract/signature-options.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { OperationNotSupported, type TaskFailed } from '../../src/errors.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { connect, type Omega } from '../../src/omega.ts';
import { type CeleryWorker, startCeleryWorker } from '../support/celery-worker.ts';
import { brokerUrl, mongoUrl } from '../support/services.ts';

type Fields = Record<string, unknown>;

const add = (...args: number[]) => signature<unknown, number>('py.add', args);
const total = () => signature<unknown, string>('py.total');
const echo = (...args: unknown[]) => signature<unknown, { args: unknown[] }>('py.echo', args);

const timeout = 20_000;

/** The tests that one of the backends has alone. */
const OWN_TESTS = { mongodb: testsOfStoredResults, rpc: testsOfReplies };

describe.each(['mongodb', 'rpc'] as const)('with results by %s', (kind) => {
  const name = `python_${kind}_${randomUUID().slice(0, 8)}`;
  const database = mongoUrl(name);
  const backend = kind === 'rpc' ? 'rpc://' : database;
  let worker: CeleryWorker;
  let om: Omega;

  beforeAll(async () => {
    worker = await startCeleryWorker('client_app', { BROKER: brokerUrl(), BACKEND: backend, QUEUE: name });
    om = await connect({ mongoUrl: database, broker: brokerUrl(), queues: name, resultBackend: backend });
  });
  afterAll(async () => {
    await om?.close();
    await worker?.stop();
    const mongo = await connectMongo(database);
    await mongo.db.dropDatabase();
    await mongo.close();
  });

  it('a task gives its result', async () => {
    expect(await om.runtime.send<number>('py.add', [1], { y: 2 }).get({ timeout })).toBe(3);
  });

  it('an exception arrives with its type and message', async () => {
    const failure = await om.runtime
      .send('py.fail', ['bad'])
      .get({ timeout })
      .catch((error) => error);
    expect(failure).toMatchObject({ code: 'TASK_FAILED', excType: 'ValueError' });
    expect((failure as TaskFailed).message).toContain('bad');
    expect((failure as TaskFailed).traceback).toContain('client_app.py');
  });

  it('every option is seen by the task', async () => {
    const expires = new Date(Date.now() + 60_000);
    const ids = { rootId: randomUUID(), parentId: randomUUID(), groupId: randomUUID(), taskId: randomUUID() };
    const seen = await om.runtime
      .send<Fields>(
        'py.request',
        [1],
        {},
        {
          ...ids,
          expires,
          priority: 4,
          timeLimit: 50,
          softTimeLimit: 40,
          shadow: 'another.name',
          headers: { traceparent: '00-abc' },
          stamps: { customer: 'a' },
          argsRepr: '(secret)',
          kwargsRepr: '{}',
          appId: 'shop',
        },
      )
      .get({ timeout });
    expect(seen).toMatchObject({
      id: ids.taskId,
      root_id: ids.rootId,
      parent_id: ids.parentId,
      group: ids.groupId,
      timelimit: [50, 40],
      shadow: 'another.name',
      stamped_headers: ['customer'],
      stamps: { customer: 'a' },
      argsrepr: '(secret)',
      delivery_info: { priority: 4, routing_key: name },
      properties: { app_id: 'shop' },
    });
    expect(new Date(String(seen.expires))).toEqual(expires);
    expect(JSON.stringify(seen.headers)).toContain('00-abc');
  });

  it('a countdown is waited for', async () => {
    const from = Date.now();
    const { started } = await om.runtime
      .send<{ started: number }>('py.request', [], {}, { countdown: 2 })
      .get({ timeout });
    expect(started * 1000).toBeGreaterThanOrEqual(from + 1_900);
  });

  it('a task that has expired is revoked', async () => {
    const expires = new Date(Date.now() - 1_000);
    const ended = om.runtime.send('py.add', [1], {}, { expires }).get({ timeout });
    await expect(ended).rejects.toMatchObject({ excType: 'TaskRevokedError' });
  });

  it.each([
    [{ serializer: 'yaml' }],
    [{ serializer: 'msgpack' }],
    [{ compression: 'gzip' }],
    [{ serializer: 'msgpack', compression: 'gzip' }],
  ] as const)('a message with %o is read', async (options) => {
    const value = { text: 'é', list: [1, 2.5, null, true], deep: { a: [] } };
    const result = await om.runtime
      .send<{ args: unknown[] }>('py.echo', [value], {}, options)
      .get({ timeout });
    expect(result.args).toEqual([value]);
  });

  it('a chain hands its results on, and its handles lead back to the first task', async () => {
    const handle = om.runtime.apply(chain(add(1, 1), add(2), add(3)));
    expect(await handle.get({ timeout })).toBe(7);
    const parent = handle.parent;
    expect(await parent?.get({ timeout })).toBe(4);
    expect(await parent?.parent?.get({ timeout })).toBe(2);
    expect(parent?.parent?.parent).toBeNull();
  });

  it('an immutable step takes no result', async () => {
    const result = await om.runtime
      .apply(chain(add(1, 1), immutable(signature<void, Fields>('py.echo', ['x']))))
      .get({
        timeout,
      });
    expect(result).toEqual({ args: ['x'], kwargs: {} });
  });

  it('a chain fails in whole when a step of it fails', async () => {
    const handle = om.runtime.apply(chain(signature('py.fail'), add(1)));
    await expect(handle.get({ timeout })).rejects.toMatchObject({ excType: 'ValueError' });
  });

  it('a group gives all results in order, counts them, and iterates as they come', async () => {
    const handle = om.runtime.apply(group([1, 2, 3, 4].map((x) => add(x, x))));
    const seen: number[] = [];
    for await (const { index, value } of handle) seen[index] = value ?? -1;
    expect(seen).toEqual([2, 4, 6, 8]);
    expect(await handle.get({ timeout })).toEqual([2, 4, 6, 8]);
    expect(await handle.progress()).toEqual({ done: 4, total: 4, failed: 0 });
    expect(await handle.ready()).toBe(true);
  });

  it('a group counts what fails and rejects with it', async () => {
    const handle = om.runtime.apply(group([add(1, 1), signature<unknown, number>('py.fail')]));
    await expect(handle.get({ timeout })).rejects.toMatchObject({ excType: 'ValueError' });
    const results = [];
    for await (const result of handle) results.push(result.error?.excType ?? result.value);
    expect(results.sort()).toEqual(['ValueError', 2].sort());
    expect(await handle.failed()).toBe(true);
  });

  it('map, starmap and chunks run every item', async () => {
    const pairs = [0, 1, 2].map((n) => [n, n] as const);
    expect(await om.runtime.apply(map('py.add', [1, 2])).get({ timeout })).toEqual([1, 2]);
    expect(await om.runtime.apply(starmap('py.add', pairs)).get({ timeout })).toEqual([0, 2, 4]);
    expect(await om.runtime.apply(chunks('py.add', pairs, 2)).get({ timeout })).toEqual([[0, 2], [4]]);
  });

  it('stamps reach every task of a chain', async () => {
    const request = signature<unknown, Fields>('py.request');
    const seen = await om.runtime.apply(stamp(chain(add(1), request), { customer: 'a' })).get({ timeout });
    expect(seen).toMatchObject({ stamped_headers: ['customer'], stamps: { customer: 'a' } });
  });

  it('a custom state is seen while the task runs', async () => {
    const states: unknown[] = [];
    for await (const { state, result } of om.runtime.send('py.progress').updates({ timeout })) {
      states.push(state === 'HALFWAY' ? result : state);
    }
    expect(states).toContainEqual({ done: 2 });
    expect(states.at(-1)).toBe('SUCCESS');
  });

  it('a revoked task is not run', async () => {
    const handle = om.runtime.send('py.add', [1], {}, { countdown: 3 });
    await handle.sent;
    await handle.revoke();
    await expect(handle.get({ timeout })).rejects.toMatchObject({ excType: 'TaskRevokedError' });
  });

  OWN_TESTS[kind](() => om);
});

/** What needs results that are stored. */
function testsOfStoredResults(om: () => Omega): void {
  it('callbacks are called with the result, and are children', async () => {
    const handle = om().runtime.apply(link(add(1, 2), add(10)));
    expect(await handle.get({ timeout })).toBe(3);
    const [child] = await handle.children();
    expect(await child?.get({ timeout })).toBe(13);
  });

  it('error callbacks are called with the id of the task', async () => {
    const taskId = randomUUID();
    const callback = signature<string, string>('py.failed_id', [], {}, { taskId });
    const handle = om().runtime.apply(linkError(signature('py.fail'), callback));
    await expect(handle.get({ timeout })).rejects.toThrow();
    expect(await om().runtime.result(taskId).get({ timeout })).toBe(handle.id);
  });

  it('a chord is joined by Celery, and its header is the parent of its body', async () => {
    const handle = om().runtime.apply(chord([add(1, 1), add(2, 2)], total()));
    expect(await handle.get({ timeout })).toBe('sum: 6');
    expect(await handle.parent?.get({ timeout })).toEqual([2, 4]);
  });

  it('a chord fails when its header does', async () => {
    const handle = om().runtime.apply(chord([add(1, 1), signature('py.fail')], total()));
    await expect(handle.get({ timeout })).rejects.toMatchObject({ excType: 'ChordError' });
  });

  it('a canvas in a canvas runs', async () => {
    const inner = chord([add(1, 1), chain(add(2, 2), add(1))], signature<unknown, string>('py.total'));
    const handle = om().runtime.apply(
      chain(add(1, 1), group([add(1), add(2)]), total(), group([echo('a'), echo('b')])),
    );
    expect(await om().runtime.apply(inner).get({ timeout })).toBe('sum: 7');
    expect(await handle.get({ timeout })).toEqual([
      { args: ['sum: 7', 'a'], kwargs: {} },
      { args: ['sum: 7', 'b'], kwargs: {} },
    ]);
  });

  it('a saved group is found again by its id, a forgotten result is not', async () => {
    const handle = om().runtime.apply(group([add(1, 1), add(2, 2)]));
    await handle.get({ timeout });
    await handle.save();
    const found = om().runtime.groupResult<number[]>(handle.id);
    expect(await found.progress()).toEqual({ done: 2, total: 2, failed: 0 });
    expect(await found).toEqual([2, 4]);
    await expect(om().runtime.groupResult('none').progress()).rejects.toMatchObject({
      code: 'GROUP_NOT_FOUND',
    });
    const [first] = await handle.ids();
    await om()
      .runtime.result(first ?? '')
      .forget();
    expect(await om().runtime.groupResult(handle.id).progress()).toMatchObject({ done: 1, total: 2 });
  });
}

function testsOfReplies(om: () => Omega): void {
  it('which are not stored, a chord is refused', () => {
    expect(() => om().runtime.apply(chord([add(1, 1)], total()))).toThrow(OperationNotSupported);
  });
}
