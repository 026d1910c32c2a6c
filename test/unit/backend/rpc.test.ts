import { expect, it } from 'vitest';
import { createRpcBackend } from '../../../src/backend/rpc.ts';
import type { JsonText, TaskId } from '../../../src/contract/job.ts';
import type { Publication } from '../../../src/contract/transport.ts';
import { OperationalError } from '../../../src/errors.ts';
import { decodeResult, successResult, type TaskResult } from '../../../src/protocol/result.ts';

const address = {
  taskId: 'a' as TaskId,
  groupId: null,
  parentId: null,
  replyTo: 'client-queue',
  correlationId: 'other-id',
};

/** As if the value had been put into a file. */
async function park(result: TaskResult): Promise<TaskResult> {
  return { ...result, large: { file: 'f'.repeat(24), bytes: result.result.length, state: result.state } };
}

function backendWithOutbox() {
  const outbox: Publication[] = [];
  const backend = createRpcBackend(
    { publish: async (publication) => void outbox.push(publication) },
    { park },
  );
  return { backend, outbox };
}

it('sends a result as Celery does, and takes a client that is gone for served', async () => {
  const { backend, outbox } = backendWithOutbox();
  await backend.store(successResult(address, '3' as JsonText, new Date('2026-01-02T03:04:05Z')));
  const [{ body, ...sent } = { body: Buffer.of() }] = outbox;
  expect(sent).toEqual({
    exchange: '',
    routingKey: 'client-queue',
    properties: {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      correlationId: 'other-id',
      deliveryMode: 1,
      priority: 0,
      headers: {},
    },
    unroutable: 'drop',
  });
  expect(JSON.parse(body.toString())).toEqual({
    task_id: 'a',
    status: 'SUCCESS',
    result: 3,
    traceback: null,
    children: [],
    date_done: '2026-01-02T03:04:05+00:00',
  });
});

it('sends results that outlive the broker, and in another serializer, when it is told to', async () => {
  const outbox: Publication[] = [];
  const publish = async (publication: Publication) => void outbox.push(publication);
  const content = { serializer: 'msgpack', accept: ['msgpack'] } as const;
  const backend = createRpcBackend({ publish }, { park }, { content, persistent: true });
  await backend.store(successResult(address, '[3]' as JsonText));
  expect(outbox[0]?.properties).toMatchObject({
    contentType: 'application/x-msgpack',
    contentEncoding: 'binary',
    deliveryMode: 2,
  });
  expect(outbox[0]?.body.toString('latin1')).toContain('\xa6status\xa7SUCCESS\xa6result\x91');
});

it('sends nothing where no reply is wanted', async () => {
  const { backend, outbox } = backendWithOutbox();
  await backend.store(successResult({ ...address, replyTo: null }, '3' as JsonText));
  expect(outbox).toEqual([]);
});

it('sends a reference for what no message carries, and an error that says so to those who do not know it', async () => {
  const { backend, outbox } = backendWithOutbox();
  const text = `"${'x'.repeat(12 * 1024 * 1024)}"` as JsonText;
  await backend.store(successResult(address, text));
  const body = outbox[0]?.body ?? Buffer.of();
  expect(JSON.parse(body.toString())).toMatchObject({
    status: 'FAILURE',
    result: {
      exc_type: 'RuntimeError',
      exc_module: 'builtins',
      exc_message: [expect.stringContaining('celery_results')],
    },
  });
  expect(decodeResult(String(body) as JsonText)).toMatchObject({
    state: 'SUCCESS',
    result: null,
    large: { file: 'f'.repeat(24), bytes: text.length },
  });
});

it('waits at its close for what is on its way, whatever becomes of it', async () => {
  let fail = (_: Error): void => undefined;
  const publish = () =>
    new Promise<void>((_, reject) => {
      fail = reject;
    });
  const backend = createRpcBackend({ publish }, { park });
  const stored = backend.store(successResult(address, '3' as JsonText));
  const closed = backend.close();
  fail(new OperationalError('gone'));
  await expect(stored).rejects.toThrow(OperationalError);
  await expect(closed).resolves.toBeUndefined();
});
