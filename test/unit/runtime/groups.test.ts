import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { chain, chord, group } from '../../../src/contract/canvas.ts';
import type { AnySignature } from '../../../src/contract/signature.ts';
import { signature } from '../../../src/contract/task-signature.ts';
import type { Publication } from '../../../src/contract/transport.ts';
import { OperationalError, OperationNotSupported, PartlySent, Unroutable } from '../../../src/errors.ts';
import { createFakeClient, createFakeStore } from '../../support/fake-transport.ts';

const one = (queue?: string) => signature<unknown, number>('shop.one', [], {}, queue ? { queue } : {});
const three = group([one(), one(), one()]);
const error = { exc_type: 'ValueError', exc_message: ['boom'], exc_module: 'builtins' };

const meta = (taskId: string, result: unknown) => ({
  taskId,
  state: 'SUCCESS',
  result,
  traceback: null,
  children: [],
  dateDone: null,
});

it('a group gives its results in order, whatever the order of the replies', async () => {
  const { runtime, reply } = createFakeClient();
  const handle = runtime.apply(three);
  await handle.sent;
  const [a = '', b = '', c = ''] = await handle.ids();
  for (const [id, value] of [
    [c, 3],
    [a, 1],
    [b, 2],
  ] as const)
    reply(id, value);
  expect(await handle).toEqual([1, 2, 3]);
});

it('a group is iterated in the order in which its tasks end, failures among them', async () => {
  const { runtime, reply } = createFakeClient();
  const handle = runtime.apply(three);
  await handle.sent;
  const [a = '', b = '', c = ''] = await handle.ids();
  reply(c, 3);
  reply(a, error, 'FAILURE');
  setImmediate(() => reply(b, 2));
  const seen: unknown[] = [];
  for await (const { index, value, error } of handle) seen.push([index, value, error?.excType]);
  expect(seen).toEqual([
    [2, 3, undefined],
    [0, undefined, 'ValueError'],
    [1, 2, undefined],
  ]);
});

it('a group rejects as soon as one task has failed', async () => {
  const { runtime, reply } = createFakeClient();
  const handle = runtime.apply(three);
  await handle.sent;
  const [, b = ''] = await handle.ids();
  reply(b, error, 'FAILURE');
  await expect(handle).rejects.toMatchObject({ excType: 'ValueError', taskId: b });
  expect(await handle.failed()).toBe(true);
});

it('progress is counted from the replies, without a look into the store', async () => {
  const stored = createFakeStore();
  const { runtime, reply } = createFakeClient({}, { stored });
  const handle = runtime.apply(three);
  await handle.sent;
  const [a = '', b = ''] = await handle.ids();
  await handle.progress();
  const looks = stored.looks;
  reply(a, 1);
  reply(b, error, 'FAILURE');
  reply(b, error, 'FAILURE');
  expect(await handle.progress()).toEqual({ done: 2, total: 3, failed: 1 });
  expect(await handle.ready()).toBe(false);
  expect(stored.looks).toBe(looks);
});

it('a saved group is read by its id, and every result once', async () => {
  const stored = createFakeStore();
  const { runtime } = createFakeClient({}, { stored });
  await stored.saveGroup('g', ['a', 'b']);
  const fetch = vi.spyOn(stored, 'fetchResults');
  const handle = runtime.groupResult<number[]>('g');
  stored.results.set('a', meta('a', 1));
  expect(await handle.progress()).toEqual({ done: 1, total: 2, failed: 0 });
  stored.results.set('b', meta('b', 2));
  expect(await handle.get({ timeout: 5_000 })).toEqual([1, 2]);
  expect(fetch.mock.calls.map(([ids]) => ids)).toEqual([['a', 'b'], ['b']]);
});

it('a group that was not saved is not found, and without a store nothing is saved', async () => {
  const { runtime } = createFakeClient({}, { stored: createFakeStore() });
  await expect(runtime.groupResult('g')).rejects.toMatchObject({ code: 'GROUP_NOT_FOUND' });
  const without = createFakeClient().runtime;
  await expect(without.apply(three).save()).rejects.toThrow(OperationNotSupported);
  await expect(without.groupResult('g').progress()).rejects.toThrow(OperationNotSupported);
});

it('a group without members has no results', async () => {
  const { runtime, published } = createFakeClient();
  const none: AnySignature[] = [];
  const handle = runtime.apply(group(none));
  expect(await handle).toEqual([]);
  expect(published).toEqual([]);
});

it('waiting for a group ends with the timeout, the signal, and the client', async () => {
  const { runtime, closing } = createFakeClient();
  const handle = runtime.apply(three);
  await expect(handle.get({ timeout: 10 })).rejects.toThrow(/0 of 3 tasks/);
  await expect(handle.get({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  const waiting = handle.get();
  closing.abort(new OperationalError('closed'));
  await expect(waiting).rejects.toThrow('closed');
});

it('each queue is declared once, however many messages go there', async () => {
  const declareQueue = vi.fn(async () => undefined);
  const { runtime } = createFakeClient({ declareQueue });
  await runtime.apply(group([one('a'), one('b'), one('a'), one('b')])).sent;
  expect(declareQueue.mock.calls).toEqual([['a'], ['b']]);
});

it('when some messages are not sent, it says which were', async () => {
  const publish = async ({ routingKey }: Publication) => {
    if (routingKey === 'gone') throw new Unroutable('no queue receives it');
  };
  const { runtime } = createFakeClient({ publish });
  const handle = runtime.apply(group([one('a'), one('gone'), one('a')]));
  const failure = (await handle.sent.catch((error) => error)) as PartlySent;
  const [first, second] = await handle.ids();
  expect(failure).toBeInstanceOf(PartlySent);
  expect(failure.sentIds).toContain(first);
  expect(failure.unsentIds).toContain(second);
  expect(failure.cause).toBeInstanceOf(Unroutable);
  await expect(handle).rejects.toThrow(PartlySent);
  const [, lost] = await handle.children();
  await expect(lost).rejects.toThrow(Unroutable);
});

it('after the first failure nothing more is published', async () => {
  const publish = vi.fn(async () => {
    throw new OperationalError('no broker');
  });
  const { runtime } = createFakeClient({ publish });
  const handle = runtime.apply(group(Array.from({ length: 25_000 }, () => one())));
  await expect(handle.sent).rejects.toThrow('no broker');
  expect(publish.mock.calls.length).toBeLessThan(25_000);
});

it('more messages than the broker connection takes at once wait for confirms', async () => {
  const confirms: (() => void)[] = [];
  const publish = () => new Promise<void>((resolve) => confirms.push(resolve));
  const { runtime } = createFakeClient({ publish });
  const { sent } = runtime.apply(group(Array.from({ length: 20_003 }, () => one())));
  await vi.waitFor(() => expect(confirms).toHaveLength(20_000));
  await delay(5);
  expect(confirms).toHaveLength(20_000);
  confirms.shift()?.();
  await vi.waitFor(() => expect(confirms).toHaveLength(20_000));
  const confirming = setInterval(() => {
    for (const confirm of confirms.splice(0)) confirm();
  }, 1);
  await sent;
  clearInterval(confirming);
});

it('a task by itself has no parent, a step of a chain the one before it', async () => {
  const { runtime, reply } = createFakeClient();
  expect(runtime.send('shop.one').parent).toBeNull();
  const last = runtime.apply(chain(one(), one(), one()));
  await last.sent;
  const first = last.parent?.parent;
  expect(first?.parent).toBeNull();
  reply(first?.id ?? '', 1);
  expect(await first).toBe(1);
});

it("a chord's parent is its header, and without stored results it is refused", async () => {
  const { runtime } = createFakeClient();
  const sum = chord([one(), one()], signature<number[], number>('shop.sum'));
  const header = runtime.apply(sum).parent;
  expect(header && 'ids' in header && (await header.ids())).toHaveLength(2);
  const unstored = createFakeClient({}, { chords: null }).runtime;
  expect(() => unstored.apply(sum)).toThrow(/OMEGA_RESULT_BACKEND/);
});

it('a chord that the backend counts is announced before its header is sent', async () => {
  const order: unknown[] = [];
  const chordCounter = {
    begin: async (_: string, size: number) => void order.push(size),
    saveHeader: async () => undefined,
  };
  const publish = async ({ properties }: Publication) => void order.push(properties.headers?.task);
  const { runtime } = createFakeClient({ publish }, { chords: 'redis', chordCounter });
  await runtime.apply(chord([one(), one()], signature('shop.sum'))).sent;
  expect(order).toEqual([2, 'shop.one', 'shop.one']);
});

it('a wrong option is told at once', () => {
  const { runtime } = createFakeClient();
  expect(() => runtime.send('shop.one', [], {}, { priority: -1 })).toThrow(/priority/);
  expect(() => runtime.apply(one(), { priority: -1 })).toThrow(/priority/);
});

it("a model's operations are signatures that take nothing, with datasets by name", async () => {
  const { runtime, published } = createFakeClient();
  const { signature: price } = runtime.model('price');
  await runtime.apply(chain(price.fit('train[^y]', 'train[y]'), price.score('test[^y]', 'test[y]'))).sent;
  const [message] = published;
  expect(message?.properties.headers).toMatchObject({
    task: 'omegaml.tasks.omega_fit',
    timelimit: [1230, 1200],
  });
  const [args, kwargs, { chain: rest }] = JSON.parse(String(message?.body));
  expect([args, kwargs.Yname]).toEqual([['price', 'train[^y]'], 'train[y]']);
  expect(rest).toMatchObject([{ task: 'omegaml.tasks.omega_score', immutable: true }]);
  // @ts-expect-error: data by value cannot travel in a signature
  expect(() => price.fit([{ x: 1 }])).toThrow(/om.datasets.put/);
});
