import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JsonText, TaskId } from '../../../src/contract/job.ts';
import { OperationalError, OperationNotSupported, ProtocolError } from '../../../src/errors.ts';
import { encodeResult, type ResultMeta } from '../../../src/protocol/result.ts';
import type { ResultReader, ResultSources } from '../../../src/runtime/result-sources.ts';
import { Results } from '../../../src/runtime/results.ts';
import { followUpdates } from '../../../src/runtime/updates.ts';

const sent = Promise.resolve();

function createResults(
  reader: ResultReader | null,
  closing = new AbortController(),
  sources: ResultSources = {},
): Results {
  return new Results(reader, closing.signal, sources);
}

function meta(taskId: string, state: string, result: unknown = null): ResultMeta {
  return { taskId, state, result, traceback: null, children: [], dateDone: null };
}

function reply(taskId: string, state: string, result: unknown) {
  const address = {
    taskId: taskId as TaskId,
    groupId: null,
    parentId: null,
    replyTo: 'q',
    correlationId: taskId,
  };
  const body = encodeResult({
    ...address,
    ...meta(taskId, state),
    taskId: address.taskId,
    result: JSON.stringify(result) as JsonText,
  });
  return { correlationId: taskId, headers: {}, body: Buffer.from(body) };
}

/** A store that cannot be read the first time. */
function awayOnce(stored: ResultMeta | null): ResultReader['fetch'] {
  let isAway = true;
  return async () => {
    if (!isAway) return stored;
    isAway = false;
    throw new OperationalError('away');
  };
}

describe('results', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('resolve with the reply to a task that was announced', async () => {
    const results = createResults(null);
    const ready = results.ready(results.expect('a'), { sent });
    results.receive(reply('a', 'STARTED', { pid: 1 }));
    results.receive(reply('a', 'SUCCESS', 42));
    expect(await ready).toMatchObject({ state: 'SUCCESS', result: 42 });
  });

  it('keep a reply that came before anyone asked', async () => {
    const results = createResults(null);
    const task = results.expect('a');
    results.receive(reply('a', 'SUCCESS', 1));
    expect(await results.ready(task, { sent })).toMatchObject({ result: 1 });
    expect(await results.ready(results.find('a'), { sent })).toMatchObject({ result: 1 });
  });

  it('show the newest state while the task is not ready', async () => {
    const results = createResults(null);
    const task = results.expect('a');
    expect(await results.latest(task)).toBeNull();
    results.receive(reply('a', 'STARTED', { pid: 1 }));
    expect(await results.latest(task)).toMatchObject({ state: 'STARTED' });
  });

  it('keep the first final state', async () => {
    const results = createResults(null);
    const task = results.expect('a');
    results.receive(reply('a', 'SUCCESS', 1));
    results.receive(reply('a', 'FAILURE', { exc_type: 'E', exc_message: [], exc_module: 'm' }));
    expect(await results.latest(task)).toMatchObject({ state: 'SUCCESS' });
  });

  it('of more tasks at once than are kept reach all who wait', async () => {
    const results = createResults(null);
    const ids = Array.from({ length: 12_000 }, (_, i) => `t${i}`);
    const tasks = ids.map((id) => results.expect(id));
    for (const id of ids) results.receive(reply(id, 'SUCCESS', id));
    const ready = await Promise.all(tasks.map((task) => results.ready(task, { sent })));
    expect(ready.map(({ result }) => result)).toEqual(ids);
  });

  it('of old tasks are not kept for ever for those who ask by id', async () => {
    const results = createResults(null);
    for (let i = 0; i <= 10_000; i += 1) {
      results.expect(`t${i}`);
      results.receive(reply(`t${i}`, 'SUCCESS', i));
    }
    expect(results.find('t0').own).toBe(false);
    expect(results.find('t1').own).toBe(true);
  });

  it('reach the first who waits when the id is sent again, also if that sending fails', async () => {
    const results = createResults(null);
    const ready = results.ready(results.expect('a'), { sent });
    results.forget(results.expect('a'));
    results.receive(reply('a', 'SUCCESS', 5));
    expect(await ready).toMatchObject({ result: 5 });
  });

  it('that cannot be read end their task, and say why', async () => {
    const results = createResults(null);
    const ready = results.ready(results.expect('a'), { sent });
    results.receive({ ...reply('a', 'SUCCESS', 5), contentType: 'application/x-yaml' });
    expect(await ready).toMatchObject({
      state: 'FAILURE',
      result: {
        exc_type: 'DecodeError',
        exc_message: [expect.stringMatching(/is yaml, and json is accepted/)],
      },
    });
  });

  it('of tasks of other processes come from the store', async () => {
    const stored = [null, meta('a', 'STARTED'), meta('a', 'SUCCESS', 7)];
    const results = createResults({ fetch: async () => stored.shift() ?? null });
    expect(await results.ready(results.find('a'), { sent })).toMatchObject({ state: 'SUCCESS', result: 7 });
  });

  it('end with the reason of the signal', async () => {
    const results = createResults(null);
    const reason = new Error('enough');
    const stop = new AbortController();
    const ready = results.ready(results.expect('a'), { sent, signal: stop.signal });
    stop.abort(reason);
    await expect(ready).rejects.toBe(reason);
  });

  it('end at their time limit while the task is still being sent, and leave no timer', async () => {
    vi.useFakeTimers();
    const results = createResults({ fetch: async () => null });
    const ready = results.ready(results.expect('a'), { sent: new Promise(() => {}), timeout: 50 });
    const ended = expect(ready).rejects.toThrow(/not ready within 50 ms/);
    await vi.advanceTimersByTimeAsync(50);
    await ended;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('take back the timer of their limit when they are there', async () => {
    vi.useFakeTimers();
    const results = createResults(null);
    const ready = results.ready(results.expect('a'), { sent, timeout: 60_000 });
    results.receive(reply('a', 'SUCCESS', 1));
    await ready;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('can be awaited for longer than a timer of Node takes', async () => {
    vi.useFakeTimers();
    const results = createResults(null);
    const limit = 2 ** 31 + 5_000;
    const ready = results.ready(results.expect('a'), { sent, timeout: limit });
    const ended = expect(ready).rejects.toThrow(/not ready within/);
    await vi.advanceTimersByTimeAsync(limit - 1);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await ended;
  });

  it('end with the error of a sending that failed', async () => {
    const results = createResults(null);
    const failed = Promise.reject(new OperationalError('no broker'));
    await expect(results.ready(results.expect('a'), { sent: failed })).rejects.toThrow('no broker');
  });

  it('of tasks of other processes cannot be had where nothing is stored', async () => {
    const results = createResults(null);
    await expect(results.ready(results.find('a'), { sent })).rejects.toThrow(OperationNotSupported);
  });

  it('reject when the store cannot be read for a task of another process', async () => {
    const results = createResults({ fetch: () => Promise.reject(new OperationalError('away')) });
    await expect(results.ready(results.find('a'), { sent })).rejects.toThrow('away');
  });
});

describe('results of own tasks', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('survive that the store is away for a while', async () => {
    vi.useFakeTimers();
    const results = createResults({ fetch: awayOnce(meta('a', 'SUCCESS', 3)) });
    const ready = results.ready(results.expect('a'), { sent });
    const ended = expect(ready).resolves.toMatchObject({ result: 3 });
    await vi.advanceTimersByTimeAsync(10_000);
    await ended;
  });

  it('reject when what is stored is no result that can be read', async () => {
    vi.useFakeTimers();
    const results = createResults({ fetch: () => Promise.reject(new ProtocolError('a pickle')) });
    const ended = expect(results.ready(results.expect('a'), { sent })).rejects.toThrow('a pickle');
    await vi.advanceTimersByTimeAsync(5_000);
    await ended;
  });

  it('end when the client is closed, and nothing is looked up any more', async () => {
    vi.useFakeTimers();
    const closing = new AbortController();
    const fetch = vi.fn(async () => null);
    const results = createResults({ fetch }, closing);
    const task = results.expect('a');
    results.expire(task, new Date(Date.now() + 60_000));
    const ended = expect(results.ready(task, { sent })).rejects.toThrow('closed');
    closing.abort(new OperationalError('closed'));
    await ended;
    await expect(results.ready(task, { sent })).rejects.toThrow('closed');
    await vi.advanceTimersByTimeAsync(120_000);
    expect(fetch).not.toHaveBeenCalled();
  });
});

describe('the result of an own task that expires', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is REVOKED as expired two seconds later, when nothing was heard of it', async () => {
    vi.useFakeTimers();
    const results = createResults(null);
    const task = results.expect('a');
    results.expire(task, new Date(Date.now() + 1_000));
    const ready = results.ready(task, { sent });
    await vi.advanceTimersByTimeAsync(2_999);
    expect(task.latest).toBeNull();
    await vi.advanceTimersByTimeAsync(10);
    const result = { exc_type: 'TaskRevokedError', exc_message: ['expired'] };
    expect(await ready).toMatchObject({ state: 'REVOKED', result });
  });

  it('is waited for when the task has started', async () => {
    vi.useFakeTimers();
    const results = createResults(null);
    const task = results.expect('a');
    results.expire(task, new Date(Date.now() + 1_000));
    results.receive(reply('a', 'STARTED', { pid: 1 }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await results.latest(task)).toMatchObject({ state: 'STARTED' });
    results.receive(reply('a', 'SUCCESS', 1));
    expect(await results.ready(task, { sent })).toMatchObject({ state: 'SUCCESS' });
  });

  it('is what the store has, when its reply was lost', async () => {
    vi.useFakeTimers();
    const results = createResults({ fetch: async () => meta('a', 'SUCCESS', 9) });
    const task = results.expect('a');
    results.expire(task, new Date(Date.now() + 1_000));
    await vi.advanceTimersByTimeAsync(3_010);
    expect(task.latest).toMatchObject({ state: 'SUCCESS', result: 9 });
  });

  it('is not forgotten when the store is away at that moment', async () => {
    vi.useFakeTimers();
    const results = createResults({ fetch: awayOnce(null) });
    const task = results.expect('a');
    results.expire(task, new Date(Date.now() + 1_000));
    const ended = expect(results.ready(task, { sent })).resolves.toMatchObject({ state: 'REVOKED' });
    await vi.advanceTimersByTimeAsync(5_000);
    await ended;
  });
});

describe('the result of a task of another process', () => {
  it('comes by message once it is asked for, without looking again and again', async () => {
    const fetch = vi.fn(async () => null);
    const asked: string[] = [];
    const ask = async (taskId: string) => void asked.push(taskId);
    const results = createResults({ fetch }, undefined, { ask });
    const ready = results.ready(results.find('a'), { sent });
    await vi.waitFor(() => expect(fetch).toHaveBeenCalledOnce());
    expect(asked).toEqual(['a']);
    results.receive(reply('a', 'SUCCESS', 5));
    expect(await ready).toMatchObject({ result: 5 });
    expect(fetch).toHaveBeenCalledOnce();
  });

  it('is found in the store when it was there before, or when nobody could be asked', async () => {
    const ask = () => Promise.reject(new OperationalError('no broker'));
    const results = createResults({ fetch: async () => meta('a', 'SUCCESS', 6) }, undefined, { ask });
    expect(await results.ready(results.find('a'), { sent })).toMatchObject({ result: 6 });
  });

  it('is heard of from a store that tells', async () => {
    let tell = (_: ResultMeta): void => undefined;
    const stop = vi.fn();
    const watch = async (_: string, listener: (result: ResultMeta) => void) => {
      tell = listener;
      return stop;
    };
    const fetch = vi.fn(async () => null);
    const results = createResults({ fetch, watch });
    const ready = results.ready(results.find('a'), { sent });
    await vi.waitFor(() => expect(fetch).toHaveBeenCalled());
    tell(meta('a', 'SUCCESS', 7));
    expect(await ready).toMatchObject({ result: 7 });
    expect(stop).toHaveBeenCalledOnce();
  });
});

describe('a value that is too large for its reply', () => {
  const large = { file: 'f'.repeat(24), bytes: 20_000_000, state: 'SUCCESS' };
  const largeReply = () => {
    const { body, ...rest } = reply('a', 'FAILURE', null);
    return {
      ...rest,
      body: Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), omega_large: large })),
    };
  };

  it('is read from where the reply says it is, again when that cannot be reached', async () => {
    let isAway = true;
    const resolve = async (result: ResultMeta) => {
      if (!isAway) return { ...result, result: 'large' };
      isAway = false;
      throw new OperationalError('away');
    };
    const results = createResults(null, undefined, { resolve });
    const ready = results.ready(results.expect('a'), { sent });
    results.receive(largeReply());
    expect(await ready).toMatchObject({ state: 'SUCCESS', result: 'large', large });
  });

  it('is a failure when it is lost', async () => {
    const resolve = () => Promise.reject(new ProtocolError('expired'));
    const results = createResults(null, undefined, { resolve });
    const ready = results.ready(results.expect('a'), { sent });
    results.receive(largeReply());
    expect(await ready).toMatchObject({ state: 'FAILURE', result: { exc_message: ['expired'] } });
  });
});

describe('updates of a task', () => {
  it('are all of its states in their order, and end with the final one', async () => {
    const results = createResults(null);
    const task = results.expect('a');
    results.receive(reply('a', 'STARTED', { pid: 1 }));
    const seen: string[] = [];
    const read = (async () => {
      for await (const { state } of followUpdates(results, task, { sent })) seen.push(state);
    })();
    results.receive(reply('a', 'PROGRESS', { done: 1 }));
    results.receive(reply('a', 'PROGRESS', { done: 1 }));
    results.receive(reply('a', 'PROGRESS', { done: 2 }));
    await vi.waitFor(() => expect(seen).toHaveLength(3));
    results.receive(reply('a', 'SUCCESS', 1));
    await read;
    expect(seen).toEqual(['STARTED', 'PROGRESS', 'PROGRESS', 'SUCCESS']);
  });

  it('of a task that has ended are its final state', async () => {
    const results = createResults(null);
    const task = results.expect('a');
    results.receive(reply('a', 'SUCCESS', 1));
    const states: string[] = [];
    for await (const { state } of followUpdates(results, task, { sent })) states.push(state);
    expect(states).toEqual(['SUCCESS']);
  });

  it('end with the error that ends the wait', async () => {
    const results = createResults(null);
    const updates = followUpdates(results, results.expect('a'), { sent, timeout: 10 });
    await expect(updates.next()).rejects.toThrow(/not ready within 10 ms/);
  });

  it('that nobody reads any more leave no listener', async () => {
    const results = createResults(null);
    const task = results.expect('a');
    results.receive(reply('a', 'STARTED', null));
    for await (const _ of followUpdates(results, task, { sent })) break;
    await vi.waitFor(() => expect(task.listeners.size).toBe(0));
  });

  it('are not put back by a look into the store that was slower than a reply', async () => {
    let answer = (_: ResultMeta | null): void => undefined;
    const fetch = () =>
      new Promise<ResultMeta | null>((resolve) => {
        answer = resolve;
      });
    const results = createResults({ fetch });
    const task = results.expect('a');
    const latest = results.latest(task);
    results.receive(reply('a', 'PROGRESS', { done: 2 }));
    answer(meta('a', 'PROGRESS', { done: 1 }));
    expect(await latest).toMatchObject({ result: { done: 2 } });
  });
});

describe('forgetting a result', () => {
  it('removes it from the store', async () => {
    const forget = vi.fn(async () => undefined);
    const results = createResults({ fetch: async () => null, forget });
    await results.discard(results.find('a'));
    expect(forget).toHaveBeenCalledWith('a');
  });

  it('is refused where none is stored', async () => {
    const results = createResults(null);
    await expect(results.discard(results.find('a'))).rejects.toThrow(OperationNotSupported);
  });
});
