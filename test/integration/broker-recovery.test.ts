import { expect, onTestFinished, test } from 'vitest';
import { createSession } from '../../src/broker/broker.ts';
import { type Delivery, TaskConsumer } from '../../src/broker/consumer.ts';
import { connectionBlocked, connectionUnblocked, unknownAck } from '../support/amqp-frames.ts';
import {
  consume,
  message,
  recordingLogger,
  until,
  useBroker,
  useOperator,
  useProxy,
  useQueue,
} from '../support/broker-harness.ts';
import { brokerUrl } from '../support/services.ts';

const RECOVERY_MS = 5_000;

test('after all its connections were closed it consumes again within 5 s, and no message is lost', async () => {
  const [proxy, queue, operator] = [await useProxy(), await useQueue(), await useOperator()];
  const broker = await useBroker({ url: proxy.url(brokerUrl()) });
  const { consumer, bodies } = await consume(broker, [queue]);
  const sent = Array.from({ length: 300 }, (_, index) => String(index));

  await operator.send(queue, sent.slice(0, 150));
  proxy.cut();
  await until(() => !consumer.consuming);
  await operator.send(queue, sent.slice(150));
  await until(() => consumer.consuming, RECOVERY_MS);

  await until(() => new Set(bodies()).size === sent.length);
  await until(async () => (await operator.ready(queue)) === 0);
});

test('it keeps trying while the broker is down, and says so', async () => {
  const [proxy, queue] = [await useProxy(), await useQueue()];
  const logger = recordingLogger();
  const broker = await useBroker({ url: proxy.url(brokerUrl()), logger });
  const { consumer } = await consume(broker, [queue]);

  await proxy.refuse();
  await until(() => logger.lines.filter((line) => line.startsWith('no connection')).length >= 3);
  expect(broker.state).toBe('connecting');
  expect(consumer.consuming).toBe(false);

  await proxy.accept();
  await until(() => consumer.consuming && broker.state === 'open', RECOVERY_MS);
});

test('a channel that the broker closes is opened again without a new connection', async () => {
  const [proxy, queue, operator] = [await useProxy(), await useQueue(), await useOperator()];
  const logger = recordingLogger();
  const broker = await useBroker({ url: proxy.url(brokerUrl()), logger });
  const { consumer, deliveries } = await consume(broker, [queue], { ack: false });
  await operator.send(queue, ['held']);
  await until(() => deliveries.length === 1);

  proxy.inject(unknownAck(1));
  await until(() => deliveries.length === 2);

  expect(deliveries[1]?.redelivered).toBe(true);
  expect(consumer.consuming).toBe(true);
  expect(logger.lines).toContain('the broker closed the consume channel: opening it again');
  expect(logger.lines.join()).not.toContain('connection');
});

test('a peer that says nothing any more is noticed by the heartbeat', async () => {
  const [proxy, queue] = [await useProxy(), await useQueue()];
  const broker = await useBroker({ url: proxy.url(brokerUrl()), heartbeat: 1 });
  const { consumer } = await consume(broker, [queue]);

  proxy.hold();
  await until(() => !consumer.consuming);
  await proxy.refuse();
  await proxy.accept();

  await until(() => consumer.consuming, RECOVERY_MS);
}, 30_000);

test('a queue that is deleted is declared again and consumed, the other queues meanwhile', async () => {
  const [deleted, other, operator] = [await useQueue(), await useQueue(), await useOperator()];
  const { consumer, bodies, deliveries } = await consume(await useBroker(), [deleted, other], { ack: false });
  await operator.send(other, ['held']);
  await until(() => deliveries.length === 1);

  await operator.deleteQueue(deleted);
  await until(() => !consumer.consuming);
  await until(() => consumer.consuming, RECOVERY_MS);
  await operator.send(deleted, ['again']);
  await until(() => bodies().includes('again'));

  expect(deliveries.map((delivery) => delivery.ack())).toEqual([true, true]);
});

test('what is published while there is no connection arrives after it is restored', async () => {
  const [proxy, queue, operator] = [await useProxy(), await useQueue(), await useOperator()];
  await operator.declareQueue(queue);
  const broker = await useBroker({ url: proxy.url(brokerUrl()) });

  await proxy.refuse();
  await until(() => broker.state === 'connecting');
  const published = Promise.all(
    ['1', '2', '3'].map((body) => broker.publisher.publish(message(queue, body))),
  );
  await proxy.accept();
  await published;

  expect(await operator.ready(queue)).toBe(3);
});

test('what waits for its confirm when the connection dies is published again', async () => {
  const [proxy, queue, operator] = [await useProxy(), await useQueue(), await useOperator()];
  await operator.declareQueue(queue);
  const broker = await useBroker({ url: proxy.url(brokerUrl()) });

  proxy.hold();
  const published = broker.publisher.publish(message(queue));
  await proxy.refuse();
  await proxy.accept();
  await published;

  expect(await operator.ready(queue)).toBe(1);
});

test('what is published a second time is marked as a copy, and nothing else is', async () => {
  const [proxy, queue] = [await useProxy(), await useQueue()];
  const { deliveries } = await consume(await useBroker(), [queue]);
  const broker = await useBroker({ url: proxy.url(brokerUrl()) });
  const publish = (id: string): Promise<void> =>
    broker.publisher.publish(message(queue, id, { properties: { headers: { id } } }));

  await publish('sent once');
  proxy.hold();
  const resent = publish('resent');
  await proxy.refuse();
  await until(() => broker.state === 'connecting');
  const waiting = publish('waiting');
  await proxy.accept();
  await Promise.all([resent, waiting]);
  await until(() => deliveries.length === 3);

  expect(deliveries.map(({ headers }) => headers)).toEqual([
    { id: 'sent once' },
    { id: 'resent', 'x-omega-copy': true },
    { id: 'waiting' },
  ]);
});

test('what may have been published before is marked as a copy, unless it is marked as one already', async () => {
  const queue = await useQueue();
  const broker = await useBroker();
  const { deliveries } = await consume(broker, [queue]);
  for (const headers of [{ id: '1' }, { id: '2', 'x-omega-copy': 'parked' }]) {
    await broker.publisher.publish({
      ...message(queue, headers.id, { properties: { headers } }),
      mayHaveArrived: true,
    });
  }
  await until(() => deliveries.length === 2);
  expect(deliveries.map(({ headers }) => headers)).toEqual([
    { id: '1', 'x-omega-copy': true },
    { id: '2', 'x-omega-copy': 'parked' },
  ]);
});

test('a connection that is given up takes nothing with it when it ends later', async () => {
  const [queue, operator] = [await useQueue(), await useOperator()];
  const session = createSession({ url: brokerUrl(), name: 'test', heartbeat: 1 }, 'consume');
  onTestFinished(() => session.close());
  await session.connect({ retry: false });
  const deliveries: Delivery[] = [];
  const consumer = new TaskConsumer(session, { queues: [queue], prefetch: 5 }, (delivery) => {
    deliveries.push(delivery);
  });
  await until(() => consumer.consuming);
  await operator.send(queue, ['held']);
  await until(() => deliveries.length === 1);

  let ended = false;
  await session.perform('watch', async (connection) => {
    connection.on('close', () => {
      ended = true;
    });
  });
  let refused = false;
  session.openChannel({
    name: 'refused once',
    create: async (connection) => {
      if (refused) return await connection.createChannel();
      refused = true;
      throw new Error('no channels left to allocate');
    },
    setup: async () => {},
    down: () => {},
  });
  await until(() => deliveries.length === 2);
  await until(() => ended, 15_000);

  expect(consumer.consuming).toBe(true);
  expect(deliveries.map(({ lost }) => lost)).toEqual([true, false]);
  expect(deliveries[1]?.ack()).toBe(true);
}, 30_000);

test('acknowledging a delivery of a lost connection does no harm and says so', async () => {
  const [proxy, queue, operator] = [await useProxy(), await useQueue(), await useOperator()];
  const broker = await useBroker({ url: proxy.url(brokerUrl()) });
  const { consumer, deliveries } = await consume(broker, [queue], { ack: false });
  await operator.send(queue, ['x']);
  await until(() => deliveries.length === 1);

  proxy.cut();
  await until(() => deliveries.length === 2);

  expect(deliveries[0]).toMatchObject({ lost: true, settled: false });
  expect(deliveries[0]?.ack()).toBe(false);
  expect(deliveries[1]).toMatchObject({ lost: false, redelivered: true });
  expect(deliveries[1]?.ack()).toBe(true);
  expect(consumer.consuming).toBe(true);
});

test('while the broker blocks publishing, deliveries and acks go on and publications wait', async () => {
  const [proxy, queue, operator] = [await useProxy(), await useQueue(), await useOperator()];
  const broker = await useBroker({ url: proxy.url(brokerUrl()) });
  const { bodies } = await consume(broker, [queue]);
  const states: string[] = [];
  broker.onStateChange((state) => states.push(state));

  proxy.injectToClient(connectionBlocked('low on memory'));
  await until(() => broker.blocked);
  const published = broker.publisher.publish(message(queue, 'waiting'));
  await operator.send(queue, ['delivered']);
  await until(() => bodies().includes('delivered'));
  expect(bodies()).toEqual(['delivered']);

  proxy.injectToClient(connectionUnblocked());
  await published;
  await until(() => bodies().includes('waiting'));
  expect(states).toEqual(['blocked', 'open']);
});

test('fifty that lose the broker together are all back within five seconds', async () => {
  const proxy = await useProxy();
  const url = proxy.url(brokerUrl());
  const brokers = await Promise.all(Array.from({ length: 50 }, () => useBroker({ url })));
  proxy.cut();
  await until(() => brokers.every(({ state }) => state !== 'open'));
  await until(() => brokers.every(({ state }) => state === 'open'), 5_000);
}, 30_000);
