import { expect, test } from 'vitest';
import type { Delivery } from '../../src/broker/consumer.ts';
import { ImproperlyConfigured, InvalidName } from '../../src/errors.ts';
import {
  consume,
  recordingLogger,
  until,
  useBroker,
  useOperator,
  useQueue,
} from '../support/broker-harness.ts';

const TEN = Array.from({ length: 10 }, (_, index) => String(index));

test('it takes no more than its prefetch until deliveries are settled', async () => {
  const [queue, operator] = [await useQueue(), await useOperator()];
  const { deliveries } = await consume(await useBroker(), [queue], { prefetch: 2, ack: false });
  await operator.send(queue, TEN);
  await until(async () => (await operator.ready(queue)) === 8);
  expect(deliveries).toHaveLength(2);

  deliveries[0]?.ack();
  await until(() => deliveries.length === 3);
  expect(await operator.ready(queue)).toBe(7);
});

test('the burst consumer takes more while it is on, and what it took stays valid when it is off', async () => {
  const [queue, operator] = [await useQueue(), await useOperator()];
  const options = { prefetch: 1, burstPrefetch: 5, ack: false };
  const { consumer, deliveries } = await consume(await useBroker(), [queue], options);
  await operator.send(queue, TEN);
  await until(() => deliveries.length === 1);

  consumer.burst = true;
  await until(() => deliveries.length === 6);
  consumer.burst = false;
  await consumer.pause();
  expect(deliveries.map((delivery) => delivery.ack())).toEqual(Array(6).fill(true));
  consumer.resume();
  await until(() => deliveries.length === 7);

  expect(await operator.ready(queue)).toBe(3);
});

test('switching the burst consumer fast ends in the last wish', async () => {
  const [queue, operator] = [await useQueue(), await useOperator()];
  const options = { prefetch: 1, burstPrefetch: 5, ack: false };
  const { consumer, deliveries } = await consume(await useBroker(), [queue], options);
  for (let turn = 0; turn < 20; turn++) consumer.burst = turn % 2 === 0;
  consumer.burst = true;
  await operator.send(queue, TEN);
  await until(() => deliveries.length === 6);
  expect(await operator.ready(queue)).toBe(4);
});

test('paused, it takes nothing, what it holds stays valid, and it goes on when resumed', async () => {
  const [queue, operator] = [await useQueue(), await useOperator()];
  const { consumer, deliveries } = await consume(await useBroker(), [queue], { prefetch: 1, ack: false });
  const changes: boolean[] = [];
  consumer.onChange((consuming) => changes.push(consuming));
  await operator.send(queue, ['held', 'later']);
  await until(() => deliveries.length === 1);

  await consumer.pause();
  expect(consumer.consuming).toBe(false);
  expect(deliveries[0]?.ack()).toBe(true);
  await operator.send(queue, ['also later']);
  expect(await operator.ready(queue)).toBe(2);

  consumer.resume();
  await until(() => deliveries.length === 2);
  expect(changes).toEqual([false, true]);
});

test('a delivery given back is delivered again, a rejected one is not', async () => {
  const [queue, operator] = [await useQueue(), await useOperator()];
  const { deliveries } = await consume(await useBroker(), [queue], { ack: false });
  await operator.send(queue, ['x']);
  await until(() => deliveries.length === 1);

  expect(deliveries[0]?.nack({ requeue: true })).toBe(true);
  await until(() => deliveries.length === 2);
  expect(deliveries[1]).toMatchObject({ redelivered: true, settled: false, routingKey: queue });

  expect(deliveries[1]?.nack({ requeue: false })).toBe(true);
  expect(deliveries[1]).toMatchObject({ settled: true });
  expect(deliveries[1]?.ack()).toBe(false);
  expect(await operator.ready(queue)).toBe(0);
});

test('acks sent just before closing are not lost', async () => {
  const [broker, queue, operator] = [await useBroker(), await useQueue(), await useOperator()];
  const { deliveries } = await consume(broker, [queue], { prefetch: 100, ack: false });
  await operator.send(queue, TEN);
  await until(() => deliveries.length === 10);

  for (const delivery of deliveries) delivery.ack();
  await broker.close();

  expect(await operator.ready(queue)).toBe(0);
});

test('closing gives back what is not settled', async () => {
  const [broker, queue, operator] = [await useBroker(), await useQueue(), await useOperator()];
  const { consumer, deliveries } = await consume(broker, [queue], { ack: false });
  await operator.send(queue, TEN);
  await until(() => deliveries.length === 10);

  await consumer.close();

  expect(consumer.consuming).toBe(false);
  await until(async () => (await operator.ready(queue)) === 10);
});

test('a queue that cannot be consumed costs the other queues nothing', async () => {
  const [good, bad, operator] = [await useQueue(), await useQueue(), await useOperator()];
  await operator.declareQueue(good);
  await operator.declareQueue(bad);
  const [release, logger] = [await operator.occupy(bad), recordingLogger()];
  const held: Delivery[] = [];
  const broker = await useBroker({ logger });
  const consumer = broker.createConsumer({ queues: [good, bad], prefetch: 5 }, (delivery) => {
    held.push(delivery);
  });
  await operator.send(good, ['held']);
  await until(() => held.length === 1);
  const { length: told } = logger.lines;
  await until(() => logger.lines.length >= told + 3);

  expect(held.map((delivery) => delivery.ack())).toEqual([true]);
  expect(consumer.consuming).toBe(false);

  await release();
  await until(() => consumer.consuming);
  expect(await operator.ready(good)).toBe(0);
  expect(held).toHaveLength(1);
});

test('an existing queue of other arguments is consumed as it is', async () => {
  const [queue, operator] = [await useQueue(), await useOperator()];
  await operator.declareQueue(queue, {
    durable: true,
    maxPriority: 5,
    arguments: { 'x-queue-mode': 'lazy' },
  });
  const { bodies } = await consume(await useBroker(), [queue]);
  await operator.send(queue, ['x']);
  await until(() => bodies().includes('x'));
});

test('a quorum queue is consumed', async () => {
  const [queue, operator] = [await useQueue(), await useOperator()];
  await operator.declareQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  const { bodies } = await consume(await useBroker(), [queue]);
  await operator.send(queue, ['x']);
  await until(() => bodies().includes('x'));
});

test.each([
  [
    'throws',
    () => {
      throw new Error('a defect');
    },
  ],
  ['rejects', () => Promise.reject(new Error('a defect'))],
])('a listener that %s is reported, and consuming goes on', async (_, listener) => {
  const [queue, operator, logger] = [await useQueue(), await useOperator(), recordingLogger()];
  const broker = await useBroker({ logger });
  const bodies: string[] = [];
  const consumer = broker.createConsumer({ queues: [queue], prefetch: 5 }, ({ body }) => {
    bodies.push(body.toString());
    return listener();
  });
  await until(() => consumer.consuming);

  await operator.send(queue, ['1', '2']);
  await until(() => bodies.length === 2);

  expect(logger.lines).toEqual(Array(2).fill('a listener for deliveries threw'));
  expect(consumer.consuming).toBe(true);
});

test.each([[''], ['amq.mine'], ['ü'.repeat(128)], ['\ud800']])(
  'the queue name %j is refused',
  async (queue) => {
    const broker = await useBroker();
    expect(() => broker.createConsumer({ queues: [queue], prefetch: 1 }, () => {})).toThrow(InvalidName);
  },
);

test('no queue and a prefetch out of range are refused', async () => {
  const broker = await useBroker();
  for (const options of [
    { queues: [], prefetch: 1 },
    { queues: ['x'], prefetch: 0 },
    { queues: ['x'], prefetch: 1e6 },
  ]) {
    expect(() => broker.createConsumer(options, () => {})).toThrow(ImproperlyConfigured);
  }
});
