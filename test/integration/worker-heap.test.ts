/** Results beside a small heap of the supervisor: what it has no room for fails its task, and the worker goes on. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openMongoBackend } from '../../src/backend/mongodb.ts';
import { chord } from '../../src/contract/canvas.ts';
import type { JsonText, TaskId } from '../../src/contract/job.ts';
import type { AnySignature } from '../../src/contract/signature.ts';
import { immutable } from '../../src/contract/signature-options.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { successResult } from '../../src/protocol/result.ts';
import { COPY_HEADER, encodeTask, type TaskCall } from '../../src/protocol/task-message.ts';
import { useTransport } from '../support/broker-harness.ts';
import { type Place, type TestWorker, useClient, usePlace, useWorker } from '../support/worker.ts';

const TASKS = fileURLToPath(new URL('../../dist/test/support/canvas-tasks.js', import.meta.url));
/** As in a container of 256 MiB. */
const SMALL_HEAP = ['--max-old-space-size=64', '--max-semi-space-size=4'];
const MIB = 2 ** 20;
const WAIT = { timeout: 60_000 };

const call = (name: string, ...args: unknown[]): AnySignature => signature(`canvas.${name}`, args);

function useSmallWorker(place: Place): Promise<TestWorker> {
  return useWorker(place, [TASKS], SMALL_HEAP);
}

it('a result that the supervisor has no room for fails its task, with what to do', WAIT, async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useSmallWorker(place)]);
  await expect(om.runtime.apply(call('large', 30))).rejects.toThrow(
    /has 31457282 bytes, the limit is \d+: store it as a dataset and return its name, or give the worker more memory/,
  );
  expect(await om.runtime.apply(call('add', 1, 1))).toBe(2);
  expect(worker.process.exitCode).toBeNull();
});

it('results within the limit pass in every slot at once, however their text is written', WAIT, async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useSmallWorker(place)]);
  const characters = ['"', '\u20ac', '"', '\u20ac', '"', '"'];
  // In JSON a quote takes two bytes, and the other one takes three.
  const sizes = characters.map((character) => (character === '"' ? 1.4 : 0.9));
  const results = characters.map((character, i) => om.runtime.apply(call('large', sizes[i], character)));
  const lengths = (await Promise.all(results)).map((text) => String(text).length);
  expect(lengths).toEqual(sizes.map((size) => Math.floor(size * MIB)));
  expect(worker.process.exitCode).toBeNull();
});

it('the body of a chord fails whose header has more results than a message has room for', WAIT, async () => {
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useSmallWorker(place)]);
  const header = Array.from({ length: 24 }, () => call('large', 2.5));
  await expect(om.runtime.apply(chord(header, call('identity')))).rejects.toThrow(
    /ChordError.*the results are too large together to be passed on, the limit is 12582912 bytes/,
  );
  expect(await om.runtime.apply(call('add', 1, 1))).toBe(2);
  expect(worker.process.exitCode).toBeNull();
});

it(
  'of a header with more results than a message has room for, the one that failed is told',
  WAIT,
  async () => {
    const place = usePlace();
    const [om] = await Promise.all([useClient(place), useSmallWorker(place)]);
    const header = [...Array.from({ length: 8 }, () => call('large', 2.5)), call('fail')];
    await expect(om.runtime.apply(chord(header, call('identity')))).rejects.toThrow(/ChordError.*Dependency/);
  },
);

it('a copy of a task whose large result is stored leaves that where it is', WAIT, async () => {
  const place = usePlace();
  const [om, sender] = await Promise.all([
    useClient(place),
    useTransport(place.broker),
    useSmallWorker(place),
  ]);
  const taskId = randomUUID() as string as TaskId;
  const address = { taskId, groupId: null, parentId: null, replyTo: null, correlationId: taskId };
  const mongo = await connectMongo(place.mongoUrl);
  await (await openMongoBackend(mongo)).store(
    successResult(address, JSON.stringify('x'.repeat(60 * MIB)) as JsonText),
  );
  await mongo.close();

  const after = randomUUID();
  const next = immutable(call('identity', 'sent'));
  const message: TaskCall = {
    ...{ taskId, taskName: 'canvas.large', args: [60], kwargs: {}, queue: place.queue, replyTo: '' },
    embed: { callbacks: [{ ...next, options: { ...next.options, task_id: after } }] },
    headers: { [COPY_HEADER]: 'again' },
  };
  await sender.publish(encodeTask(message));
  expect(await om.runtime.result(after)).toBe('sent');
});
