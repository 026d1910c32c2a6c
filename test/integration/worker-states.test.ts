import { writeFileSync } from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { connectMongo } from '../../src/mongo/client.ts';
import { until } from '../support/broker-harness.ts';
import { progressing, tracked } from '../support/execution-tasks.ts';
import { EXECUTION_TASKS, useSender } from '../support/sender.ts';
import { add } from '../support/tasks.ts';
import { type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

async function storedDocument({ mongoUrl }: Place, taskId: string) {
  const mongo = await connectMongo(mongoUrl);
  onTestFinished(() => mongo.close());
  return await mongo.db.collection<{ _id: string }>('celery_taskmeta').findOne({ _id: taskId });
}

it('says at once that a task has started that wants it so', async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [EXECUTION_TASKS])]);
  const { path } = useTrace();
  const handle = om.runtime.task(tracked)({ path });
  await until(async () => (await handle.state()) === 'STARTED');
  writeFileSync(path, 'x');
  expect(await handle.get({ timeout: 10_000 })).toBe('found');
  expect(await handle.state()).toBe('SUCCESS');
});

it('shows what a task reports of itself until it has ended', async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [EXECUTION_TASKS])]);
  const { path } = useTrace();
  const handle = om.runtime.task(progressing)({ path });
  await until(async () => (await handle.state()) === 'ALMOST');
  expect(await storedDocument(place, handle.id)).toMatchObject({
    result: '{"done":2,"of":2}',
    date_done: null,
  });
  writeFileSync(path, 'x');
  expect(await handle.get({ timeout: 10_000 })).toBe('found');
  expect(await handle.state()).toBe('SUCCESS');
});

it('keeps the request with the result when it is told to', async () => {
  vi.stubEnv('OMEGA_RESULT_EXTENDED', 'true');
  const place = usePlace();
  const [om, send] = await Promise.all([useClient(place), useSender(place), useWorker(place)]);
  const stamps = { customer: 'acme' };
  const id = await send({ taskName: add.name, kwargs: { x: 1, y: 2 }, groupId: 'g', parentId: 'p', stamps });
  expect(await om.runtime.result(id).get({ timeout: 10_000 })).toBe(3);
  await expect(storedDocument(place, id)).resolves.toMatchObject({
    ...{ name: add.name, args: [], kwargs: { x: 1, y: 2 }, retries: 0, queue: place.queue },
    ...{ worker: expect.stringContaining('@test'), group_id: 'g', parent_id: 'p' },
    ...{ stamped_headers: ['customer'], customer: 'acme' },
  });
});
