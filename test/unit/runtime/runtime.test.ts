import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { z } from 'zod';
import { chain, group } from '../../../src/contract/canvas.ts';
import { CELERY_CLUSTER } from '../../../src/contract/cluster.ts';
import { withOptions } from '../../../src/contract/signature-options.ts';
import { task } from '../../../src/contract/task.ts';
import { signature } from '../../../src/contract/task-signature.ts';
import type { Publication, Reply, Transport } from '../../../src/contract/transport.ts';
import { OperationalError, OperationNotSupported, ResultTimeout } from '../../../src/errors.ts';
import { createRuntime, type OmegaRuntime } from '../../../src/runtime/runtime.ts';
import { createSender } from '../../../src/runtime/sender.ts';
import { createFakeClient } from '../../support/fake-transport.ts';

const double = task({
  name: 'test.double',
  input: z.object({ x: z.number() }),
  softTimeLimit: 1,
  timeLimit: 2,
  run: ({ x }) => 2 * x,
});

function createFakes(change: Partial<Transport> = {}): { runtime: OmegaRuntime; published: Publication[] } {
  const published: Publication[] = [];
  const transport: Transport = {
    oid: 'oid',
    names: CELERY_CLUSTER,
    publish: async (publication) => void published.push(publication),
    declareQueue: async () => undefined,
    declareDelayed: async () => undefined,
    onReply: async () => undefined,
    onControlReply: async () => undefined,
    onEvent: async () => async () => undefined,
    purgeQueue: async () => 0,
    visitQueue: async () => false,
    close: async () => undefined,
    ...change,
  };
  const runtime = createRuntime({
    transport,
    sender: createSender(transport),
    reader: null,
    stored: null,
    chords: 'join',
    stage: { stage: async () => 'staged' },
    queue: 'default',
    forgetRuns: async () => undefined,
    bucket: null,
    taskTimeout: 1200,
    closing: new AbortController().signal,
  });
  return { runtime, published };
}

/** `[hard, soft]`, as the message says. */
function limits(published: readonly Publication[]): unknown {
  return published.map(({ properties }) => properties.headers?.timelimit);
}

it('a task defined with time limits is sent with them', async () => {
  const { runtime, published } = createFakes();
  await runtime.task(double)({ x: 1 }).sent;
  expect(limits(published)).toEqual([[2, 1]]);
});

it('a task is sent with the options of its definition', async () => {
  const { runtime, published } = createFakes();
  const rare = task({ ...double, priority: 7, expires: 60, serializer: 'yaml', compression: 'gzip' });
  await runtime.task(rare)({ x: 1 }).sent;
  expect(published[0]?.properties).toMatchObject({
    priority: 7,
    contentType: 'application/x-yaml',
    headers: { expires: expect.any(String), compression: 'application/x-gzip' },
  });
});

it('the limits of a call come before those of the definition', async () => {
  const { runtime, published } = createFakes();
  await runtime.task(double)({ x: 1 }, { timeLimit: 7 }).sent;
  expect(limits(published)).toEqual([[7, 1]]);
});

it('a task sent by name without limits leaves them to the worker', async () => {
  const { runtime, published } = createFakes();
  await runtime.send('any.task').sent;
  expect(limits(published)).toEqual([[null, null]]);
});

it("omega|ml's own tasks are sent with the setting taskTimeout", async () => {
  const { runtime, published } = createFakes();
  await runtime.ping().sent;
  await runtime.model('m').predict('rows').sent;
  await runtime.job('j', { softTimeLimit: 10 }).run().sent;
  expect(limits(published)).toEqual([
    [1230, 1200],
    [1230, 1200],
    [40, 10],
  ]);
});

it('a task whose result is ignored is forgotten once it is sent, and others are not', async () => {
  const { runtime } = createFakes();
  const steps = chain(signature('kept'), withOptions(signature('last'), { ignoreResult: true }));
  const [kept, ignored] = [runtime.send('kept'), runtime.send('ignored', [], {}, { ignoreResult: true })];
  const last = runtime.apply(steps);
  const members = ['a', 'b'].map((name) => withOptions(signature(name), { ignoreResult: true }));
  const inGroup = runtime.apply(chain(signature('kept'), group(members)));
  await Promise.all([kept.sent, ignored.sent, last.sent, inGroup.sent]);
  // Of tasks that it does not know a client without a store says so, instead of waiting.
  for (const { id } of [ignored, last, ...(await inGroup.children())])
    await expect(runtime.result(id).get({ timeout: 50 })).rejects.toThrow(OperationNotSupported);
  for (const { id } of [kept, last.parent ?? kept])
    await expect(runtime.result(String(id)).get({ timeout: 50 })).rejects.toThrow(ResultTimeout);
  await expect(ignored.get({ timeout: 50 })).rejects.toThrow(ResultTimeout);
});

it('who waits for a task whose result is ignored hears of a failure all the same', async () => {
  const { runtime, reply } = createFakeClient();
  const handle = runtime.send('fails', [], {}, { ignoreResult: true });
  await handle.sent;
  const ended = handle.get({ timeout: 5_000 });
  reply(handle.id, { exc_type: 'ValueError', exc_message: ['no'], exc_module: 'builtins' }, 'FAILURE');
  await expect(ended).rejects.toMatchObject({ excType: 'ValueError' });
});

it('a reply queue that could not be opened is opened by the next task, with the same listener', async () => {
  const onReply = vi.fn<(listener: (reply: Reply) => void) => Promise<void>>();
  onReply.mockRejectedValueOnce(new OperationalError('no queue')).mockResolvedValue(undefined);
  const { runtime, published } = createFakes({ onReply });
  await expect(runtime.ping()).rejects.toThrow('no queue');
  await runtime.ping().sent;
  await runtime.ping().sent;
  expect(published).toHaveLength(2);
  expect(onReply).toHaveBeenCalledTimes(2);
  expect(new Set(onReply.mock.calls.flat()).size).toBe(1);
});

it('a control reply queue that could not be opened is opened by the next request', async () => {
  const onControlReply = vi.fn<() => Promise<void>>();
  onControlReply.mockRejectedValueOnce(new OperationalError('no queue')).mockResolvedValue(undefined);
  const { runtime, published } = createFakes({ onControlReply });
  await expect(runtime.control.inspect().ping()).rejects.toThrow('no queue');
  await runtime.control.inspect({ timeout: 1 }).ping();
  expect(published).toHaveLength(1);
});

it('the time limit of a result holds while its task cannot be sent', async () => {
  const { runtime } = createFakes({ onReply: () => new Promise(() => {}) });
  const ended = runtime.ping().get({ timeout: 20 });
  await expect(Promise.race([ended, delay(2_000, 'not ended')])).rejects.toThrow(ResultTimeout);
});
