import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { connect, type Omega } from '../../src/omega.ts';
import { consume, message, until, useBroker, useProxy, useQueue } from '../support/broker-harness.ts';
import { brokerUrl } from '../support/services.ts';
import { useTlsProxy } from '../support/tls-proxy.ts';
import { type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const TIMEOUT = { timeout: 30_000 };

afterEach(() => {
  vi.unstubAllEnvs();
});

async function useClientWith(place: Place, options: Parameters<typeof connect>[0]): Promise<Omega> {
  const om = await connect({
    ...{ mongoUrl: place.mongoUrl, broker: place.broker, queues: place.queue },
    ...options,
  });
  onTestFinished(() => om.close());
  return om;
}

it('a worker consumes queues behind exchanges and one of its own, and a client sends by its routes', async () => {
  const place = usePlace();
  const name = (suffix: string) => `${place.queue}.${suffix}`;
  const taskQueues = [
    {
      ...{ name: name('video'), exchange: name('media'), exchangeType: 'topic', routingKey: 'video.#' },
      queueArguments: { 'x-max-priority': 3 },
    },
    { name: name('news'), broadcast: true },
  ];
  vi.stubEnv('OMEGA_TASK_QUEUES', JSON.stringify(taskQueues));
  vi.stubEnv('OMEGA_WORKER_DIRECT', '1');
  const queues = [place.queue, name('video'), name('news')].join(',');
  await useWorker(place, ['-Q', queues, '-X', place.queue, '-n', `${place.queue}@direct`]);
  const om = await useClientWith(place, { taskQueues, taskRoutes: { 'test.*': name('video') } });

  expect(await om.runtime.send('test.add', [], { x: 1, y: 2 }).get(TIMEOUT)).toBe(3);
  const toExchange = { exchange: name('media'), routingKey: 'video.hd' };
  expect(await om.runtime.send('test.add', [], { x: 2, y: 2 }, toExchange).get(TIMEOUT)).toBe(4);
  const toWorker = { queue: `${place.queue}@direct.dq2` };
  expect(await om.runtime.send('test.add', [], { x: 3, y: 2 }, toWorker).get(TIMEOUT)).toBe(5);
  const { path, lines } = useTrace();
  const delayed = { queue: name('news'), countdown: 1.5 };
  expect(await om.runtime.send('test.note', [], { path, text: 'late' }, delayed).get(TIMEOUT)).toBe('late');
  expect(lines()).toEqual(['late']);

  const here = { destination: [`${place.queue}@direct`] };
  const active = Object.values((await om.runtime.control.inspect(here).activeQueues()) ?? {}).flat();
  const facts = { durable: true, auto_delete: false, alias: null };
  expect(active).toEqual([
    expect.objectContaining({
      ...{ ...facts, name: name('video'), routing_key: 'video.#', queue_arguments: { 'x-max-priority': 3 } },
      exchange: expect.objectContaining({ name: name('media'), type: 'topic' }),
    }),
    expect.objectContaining({
      ...{ ...facts, name: expect.stringMatching(/^bcast\./), auto_delete: true, alias: name('news') },
      exchange: expect.objectContaining({ name: name('news'), type: 'fanout' }),
    }),
    expect.objectContaining({
      ...{ ...facts, name: `${place.queue}@direct.dq2`, routing_key: `${place.queue}@direct` },
      exchange: expect.objectContaining({ name: 'C.dq2', type: 'direct' }),
    }),
  ]);
});

it('a worker of other exchanges for control and events is found by clients of the same', async () => {
  const place = usePlace();
  const names = { controlExchange: `${place.queue}.c`, eventExchange: `${place.queue}.e` };
  vi.stubEnv('OMEGA_CONTROL_EXCHANGE', names.controlExchange);
  vi.stubEnv('OMEGA_EVENT_EXCHANGE', names.eventExchange);
  await useWorker(place);
  vi.unstubAllEnvs();
  const [ours, others] = await Promise.all([useClientWith(place, names), useClient(place)]);
  const nodes = async (om: Omega) =>
    Object.keys(await om.runtime.control.broadcast('ping')).filter((node) => node.startsWith(place.queue));
  expect(await nodes(ours)).toHaveLength(1);
  expect(await nodes(others)).toEqual([]);
  for await (const event of ours.runtime.events({ signal: AbortSignal.timeout(20_000) })) {
    expect(event).toMatchObject({ type: 'worker-heartbeat', hostname: expect.stringContaining(place.queue) });
    break;
  }
});

it('a worker goes on at the next broker when its own is gone', async () => {
  const [first, second] = [await useProxy(), await useProxy()];
  const url = ['amqp://127.0.0.1:1', first.url(brokerUrl()), second.url(brokerUrl())].join(';');
  const broker = await useBroker({ url });
  const queue = await useQueue();
  const { bodies, consumer } = await consume(broker, [queue]);
  await broker.publisher.publish(message(queue, 'one'));
  await until(() => bodies().length === 1);
  expect(second.written()).toEqual([]);
  await first.refuse();
  await broker.publisher.publish(message(queue, 'two'));
  await until(() => consumer.consuming && bodies().includes('two'));
  expect(second.written()).toHaveLength(2);
});

it('a worker consumes at one broker and publishes at another one', async () => {
  const [reading, writing] = [await useProxy(), await useProxy()];
  const [readUrl, writeUrl] = [reading.url(brokerUrl()), writing.url(brokerUrl())];
  const broker = await useBroker({ url: 'amqp://127.0.0.1:1', readUrl, writeUrl });
  const queue = await useQueue();
  const { bodies } = await consume(broker, [queue]);
  await broker.publisher.publish(message(queue, 'one'));
  await until(() => bodies().length === 1);
  expect(reading.written().map(String)).toEqual([expect.stringContaining('test consume')]);
  expect(writing.written().map(String)).toEqual([expect.stringContaining('test publish')]);
});

it('a worker connects by TLS to a broker whose certificate it was given, and logs no password', async () => {
  const place = usePlace();
  const { port, certificate } = await useTlsProxy(place.broker);
  vi.stubEnv('NODE_EXTRA_CA_CERTS', certificate);
  const url = new URL(place.broker);
  const { username = 'guest', password = 'guest', pathname } = url;
  const broker = `amqps://${username || 'guest'}:${password || 'guest'}@localhost:${port}${pathname}`;
  const worker = await useWorker({ ...place, broker }, ['-l', 'debug']);
  const om = await useClient(place);
  expect(await om.runtime.send('test.add', [], { x: 1, y: 2 }).get(TIMEOUT)).toBe(3);
  const stats = Object.values(await om.runtime.control.broadcast('stats'));
  expect(stats).toContainEqual(
    expect.objectContaining({ broker: expect.objectContaining({ ssl: true, port }) }),
  );
  expect(JSON.stringify(worker.lines)).not.toContain(`:${password || 'guest'}@`);
});
