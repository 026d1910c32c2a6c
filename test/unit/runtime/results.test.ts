import { describe, expect, it } from 'vitest';
import type { JsonText, TaskId } from '../../../src/contract/job.ts';
import { OperationNotSupported } from '../../../src/errors.ts';
import { encodeResult, type ResultMeta } from '../../../src/protocol/result.ts';
import { createResults } from '../../../src/runtime/results.ts';

const never = new AbortController().signal;

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

describe('results', () => {
  it('resolve with the reply to a task that was announced', async () => {
    const results = createResults(null);
    results.expect('a');
    const ready = results.ready('a', never);
    results.receive(reply('a', 'STARTED', { pid: 1 }));
    results.receive(reply('a', 'SUCCESS', 42));
    expect(await ready).toMatchObject({ state: 'SUCCESS', result: 42 });
  });

  it('keep a reply that came before anyone asked', async () => {
    const results = createResults(null);
    results.expect('a');
    results.receive(reply('a', 'SUCCESS', 1));
    expect(await results.ready('a', never)).toMatchObject({ result: 1 });
  });

  it('show the newest state while the task is not ready', async () => {
    const results = createResults(null);
    results.expect('a');
    expect(await results.latest('a')).toBeNull();
    results.receive(reply('a', 'STARTED', { pid: 1 }));
    expect(await results.latest('a')).toMatchObject({ state: 'STARTED' });
  });

  it('keep the first final state', async () => {
    const results = createResults(null);
    results.expect('a');
    results.receive(reply('a', 'SUCCESS', 1));
    results.receive(reply('a', 'FAILURE', { exc_type: 'E', exc_message: [], exc_module: 'm' }));
    expect(await results.latest('a')).toMatchObject({ state: 'SUCCESS' });
  });

  it('of tasks of other processes come from the store', async () => {
    const stored = [null, meta('a', 'STARTED'), meta('a', 'SUCCESS', 7)];
    const results = createResults({ fetch: async () => stored.shift() ?? null });
    expect(await results.ready('a', never)).toMatchObject({ state: 'SUCCESS', result: 7 });
  });

  it('end with the reason of the signal', async () => {
    const results = createResults(null);
    results.expect('a');
    const reason = new Error('enough');
    const stop = new AbortController();
    const ready = results.ready('a', stop.signal);
    stop.abort(reason);
    await expect(ready).rejects.toBe(reason);
  });

  it('of tasks of other processes cannot be had where nothing is stored', async () => {
    await expect(createResults(null).ready('a', never)).rejects.toThrow(OperationNotSupported);
  });

  it('reject when the store cannot be read', async () => {
    const results = createResults({ fetch: () => Promise.reject(new Error('away')) });
    await expect(results.ready('a', never)).rejects.toThrow('away');
  });
});
