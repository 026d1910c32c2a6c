import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Omega } from '../../src/omega.ts';
import { until, useOperator } from '../support/broker-harness.ts';
import { useControl } from '../support/control.ts';
import { usePlace, useTrace, useWorker } from '../support/worker.ts';

it('a worker consumes a queue that is added, until it is cancelled', async () => {
  const place = usePlace();
  await useWorker(place);
  const { node, om } = await useControl(place);
  const { control } = om.runtime;
  const queue = `${place.queue}-more`;
  const operator = await useOperator();
  await control
    .tell({ destination: [node] })
    .addConsumer(queue, { exchange: `${queue}-x`, routingKey: 'key' });
  expect(await om.runtime.send('test.add', [], { x: 1, y: 2 }, { queue })).toBe(3);
  const queues = await control.inspect({ destination: [node] }).activeQueues();
  expect(queues[node]).toMatchObject([
    { name: place.queue },
    { name: queue, routing_key: 'key', exchange: { name: `${queue}-x`, type: 'direct' } },
  ]);

  await control.tell({ destination: [node] }).cancelConsumer(queue);
  await until(async () => (await operator.consumers(queue)) === 0);
  om.runtime.send('test.add', [], { x: 1, y: 2 }, { queue });
  await until(async () => (await operator.ready(queue)) === 1);
  expect(await om.runtime.purge(queue)).toBe(1);
  await operator.deleteQueue(queue);
});

it('more slots run more tasks at once, and take as many deliveries', async () => {
  const place = usePlace();
  const trace = useTrace();
  await useWorker(place);
  const { node, om } = await useControl(place);
  const { control } = om.runtime;
  const active = async () =>
    Object.values(await control.inspect({ destination: [node] }).active()).flat().length;
  const end = sendLong(om, 4, trace.path);
  await until(async () => (await active()) === 2);
  await control.tell({ destination: [node] }).poolGrow(2);
  await until(async () => (await active()) === 4, 30_000);
  const { [node]: stats } = await control.inspect({ destination: [node] }).stats();
  expect(stats).toMatchObject({ prefetch_count: 4, pool: { 'max-concurrency': 4 } });
  await end();
}, 60_000);

it('a worker that scales by load grows with the tasks that wait', async () => {
  const place = usePlace();
  const trace = useTrace();
  await useWorker(place, ['--autoscale', '3,1']);
  const { node, om } = await useControl(place);
  const autoscaler = async () => {
    const { [node]: stats } = await om.runtime.control.inspect({ destination: [node] }).stats();
    return stats && 'autoscaler' in stats ? stats.autoscaler : undefined;
  };
  expect(await autoscaler()).toEqual({ max: 3, min: 1, current: 1, qty: 0 });
  const end = sendLong(om, 5, trace.path);
  await until(async () => (await autoscaler())?.current === 3, 30_000);
  const told = await om.runtime.control.tell({ destination: [node] }).autoscale({ most: 2, fewest: 2 });
  expect(told[node]).toEqual({ ok: 'autoscale now max=2 min=2' });
  expect(await autoscaler()).toMatchObject({ current: 2 });
  await end();
}, 60_000);

it('a guarded worker answers questions, and refuses what would stop it', async () => {
  const place = usePlace();
  const worker = await useWorker(place, ['--remote-control', 'guarded']);
  const { node, om } = await useControl(place);
  const replies = await om.runtime.control.broadcast('shutdown', {}, { destination: [node] });
  expect(replies[node]).toMatchObject({ error: expect.stringContaining('guarded') });
  expect(worker.process.exitCode).toBeNull();
});

it('a worker without remote control has no mailbox', async () => {
  const place = usePlace();
  const worker = await useWorker(place, ['--remote-control', 'off']);
  const operator = await useOperator();
  expect(await operator.consumers(`${String(worker.lines.at(-1)?.worker)}.celery.pidbox`)).toBeNull();
});

it('revoking a task that waits in a queue tells its client at once, and it never runs', async () => {
  const place = usePlace();
  const trace = useTrace();
  await useWorker(place);
  const { node, om } = await useControl(place);
  const handle = om.runtime.send(
    'test.note',
    [],
    { path: trace.path, text: 'never' },
    { queue: `${place.queue}-unserved` },
  );
  await handle.sent;
  await om.runtime.control.tell({ destination: [node] }).revoke(handle.id);
  expect(await handle.state()).toBe('REVOKED');
  await om.runtime.control.tell({ destination: [node] }).addConsumer(`${place.queue}-unserved`);
  const operator = await useOperator();
  await until(async () => (await operator.ready(`${place.queue}-unserved`)) === 0);
  await sleep(300);
  expect(trace.lines()).toEqual([]);
  await operator.deleteQueue(`${place.queue}-unserved`);
});

it('events are typed, and end with their signal', async () => {
  const place = usePlace();
  await useWorker(place, ['-E', '--heartbeat-interval', '0.5']);
  const { node, om } = await useControl(place);
  const types: string[] = [];
  const controller = new AbortController();
  let id: string | undefined;
  for await (const event of om.runtime.events({ signal: controller.signal })) {
    if (event.hostname !== node) continue;
    id ??= om.runtime.send('test.add', [], { x: 1, y: 2 }).id;
    if ('taskId' in event && event.taskId === id) types.push(event.type);
    if (event.type === 'task-succeeded') {
      expect(event).toMatchObject({ result: '3', runtime: expect.any(Number) });
      controller.abort();
    }
  }
  expect(types).toEqual(['task-received', 'task-started', 'task-succeeded']);
});

/** Sends tasks of a minute. @returns what ends them, for the worker to stop at once. */
function sendLong({ runtime }: Omega, count: number, path: string): () => Promise<void> {
  const input = { path, text: 'x', seconds: 60 };
  const ids = Array.from({ length: count }, () => runtime.send('test.note', [], input).id);
  return () => runtime.control.revoke(ids, true);
}
