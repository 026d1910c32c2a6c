import { expect, it } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { useControl } from '../support/control.ts';
import { startFlower } from '../support/flower.ts';
import { usePlace, useTrace, useWorker } from '../support/worker.ts';

interface FlowerTask {
  readonly state: string;
  readonly name: string;
  readonly worker: string;
}

it('Flower lists our worker and its tasks, and controls it', async () => {
  const place = usePlace();
  const trace = useTrace();
  const worker = await useWorker(place, ['--heartbeat-interval', '0.5']);
  const { node, om } = await useControl(place);
  const flower = await startFlower(place.broker);

  await until(async () => Object.hasOwn(await flower.get('/api/workers?refresh=1'), node), 30_000);
  // As Flower does itself, every five seconds.
  await om.runtime.control.tell({ destination: [node] }).enableEvents();
  const added = om.runtime.send('test.add', [], { x: 1, y: 2 });
  await added;
  const failed = om.runtime.send('test.add', [], { x: 'one', y: 2 });
  const running = om.runtime.send('test.note', [], { path: trace.path, text: 'x', seconds: 60 });
  const stateOf = async (id: string): Promise<FlowerTask | undefined> =>
    (await flower.get<Record<string, FlowerTask>>('/api/tasks'))[id];
  await until(async () => (await stateOf(running.id))?.state === 'STARTED', 15_000);
  expect(await stateOf(added.id)).toMatchObject({ state: 'SUCCESS', name: 'test.add', result: '3' });
  await until(async () => (await stateOf(failed.id))?.state === 'FAILURE', 15_000);
  expect(await stateOf(failed.id)).toMatchObject({ exception: expect.stringMatching(/^TypeError\(/) });

  expect(await flower.status(`/worker/${node}`)).toBe(200);
  const workers = await flower.get<Record<string, { stats: object; registered: string[] }>>(
    `/api/workers?refresh=1&workername=${node}`,
  );
  expect(workers[node]?.registered).toContain('test.add');

  const { inspect } = om.runtime.control;
  const slots = async () =>
    Object.values(await inspect({ destination: [node] }).stats()).map(
      (stats) => 'pool' in stats && stats.pool['max-concurrency'],
    );
  const queues = async () =>
    Object.values(await inspect({ destination: [node] }).activeQueues())
      .flat()
      .map((queue) => 'name' in queue && queue.name);
  expect(await flower.post(`/api/worker/pool/grow/${node}?n=1`)).toBe(200);
  expect(await slots()).toEqual([3]);
  expect(await flower.post(`/api/worker/pool/shrink/${node}?n=1`)).toBe(200);
  expect(await slots()).toEqual([2]);
  expect(await flower.post(`/api/worker/pool/autoscale/${node}?min=1&max=3`)).toBe(403);
  expect(await flower.post(`/api/worker/queue/add-consumer/${node}?queue=${place.queue}-more`)).toBe(200);
  expect(await queues()).toEqual([place.queue, `${place.queue}-more`]);
  expect(await flower.post(`/api/worker/queue/cancel-consumer/${node}?queue=${place.queue}-more`)).toBe(200);
  expect(await queues()).toEqual([place.queue]);
  expect(await flower.post(`/api/task/revoke/${running.id}?terminate=true`)).toBe(200);
  await until(async () => (await stateOf(running.id))?.state === 'REVOKED', 15_000);
  expect(await flower.post(`/api/worker/shutdown/${node}`)).toBe(200);
  await until(() => worker.process.exitCode === 0, 15_000);
}, 120_000);
