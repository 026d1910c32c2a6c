/** Celery's delay queues: declared as Celery declares them, and what goes through them. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { Publication } from '../../src/contract/transport.ts';
import { delayUntil } from '../../src/protocol/delay.ts';
import { type Declaration, declarationsIn } from '../support/amqp-frames.ts';
import {
  consume,
  message,
  until,
  useBroker,
  useOperator,
  useProxy,
  useQueue,
} from '../support/broker-harness.ts';
import { readFixture } from '../support/celery-fixtures.ts';
import { hasRabbitmqctl, rabbitmqctl } from '../support/rabbitmqctl.ts';
import { brokerUrl } from '../support/services.ts';

const recorded = readFixture<Readonly<Record<string, readonly Declaration[]>>>('amqp-declarations.json');

/** A vhost without delay queues; skipped where nobody may make one. */
function useVhost(): string {
  const vhost = `delays_${randomUUID()}`;
  rabbitmqctl('add_vhost', vhost);
  onTestFinished(() => void rabbitmqctl('delete_vhost', vhost));
  rabbitmqctl('set_permissions', '-p', vhost, 'guest', '.*', '.*', '.*');
  const url = new URL(brokerUrl());
  url.pathname = `/${vhost}`;
  return url.href;
}

function delayed(
  queue: string,
  body: string,
  seconds: number,
  change: Partial<Publication> = {},
): Publication {
  const now = new Date();
  return delayUntil(message(queue, body, change), new Date(now.getTime() + seconds * 1000), now);
}

test.skipIf(!hasRabbitmqctl())('the delay queues equal those that Celery declares', async () => {
  const proxy = await useProxy();
  const broker = await useBroker({ url: proxy.url(useVhost()) });
  const queue = 'celery';
  await consume(broker, [queue]);
  await broker.declareDelayed(queue);

  const isDelayQueue = (entry: Declaration): boolean =>
    JSON.stringify(entry).includes('celery_delayed') && entry.m !== 'basic_consume';
  const declared = proxy.written().flatMap(declarationsIn).filter(isDelayQueue);
  const celery = (recorded.worker_quorum ?? [])
    .map((entry): Declaration => ({ ...entry, arguments: entry.arguments ?? {} }))
    .filter(isDelayQueue)
    // Celery binds the exchange of a queue, we the queue.
    .filter(({ destination }) => destination !== queue);
  for (const entry of celery) expect(declared).toContainEqual(entry);
  const others = declared.filter((entry) => !celery.some((theirs) => isDeepStrictEqual(theirs, entry)));
  // By the consumer, and by what was called.
  expect(others).toHaveLength(2);
  for (const entry of others)
    expect(entry).toEqual({
      m: 'queue_bind',
      queue,
      exchange: 'celery_delayed_delivery',
      routing_key: `${'*.'.repeat(28)}celery`,
      arguments: {},
    });
});

test('a delayed message comes when its seconds are over, to its queue alone, and names it', async () => {
  const queue = await useQueue();
  const other = `of.${queue}`;
  const broker = await useBroker();
  const { deliveries, bodies } = await consume(broker, [queue]);
  const others = await consume(broker, [other]);
  await broker.declareDelayed(queue);
  await broker.declareDelayed(other);
  const sentAt = Date.now();
  await broker.publisher.publish(
    delayed(queue, 'late', 3.5, { properties: { expiration: '100', priority: 4 } }),
  );
  await broker.publisher.publish(delayed(queue, 'soon', 1.5));
  await broker.publisher.publish(delayed(other, 'other', 1.5));
  await until(() => deliveries.length === 2 && others.deliveries.length === 1);

  expect(bodies()).toEqual(['soon', 'late']);
  expect(others.bodies()).toEqual(['other']);
  expect(deliveries[1]?.receivedAt).toBeGreaterThanOrEqual(sentAt + 2_900);
  expect(deliveries.map((delivery) => delivery.queue)).toEqual([queue, queue]);
  expect(deliveries[1]?.properties.priority).toBe(4);
});

test('delayed messages reach a queue that was deleted and consumed again', async () => {
  const queue = await useQueue();
  const [broker, operator] = [await useBroker(), await useOperator()];
  const { deliveries, consumer } = await consume(broker, [queue]);
  await broker.declareDelayed(queue);
  await broker.publisher.publish(delayed(queue, 'x', 2));
  await operator.deleteQueue(queue);
  await until(() => !consumer.consuming);
  await until(() => consumer.consuming);
  await until(() => deliveries.length === 1);
});

test.skipIf(!hasRabbitmqctl())('the delay queues may be classic ones', async () => {
  const url = useVhost();
  const broker = await useBroker({ url, queues: { type: 'classic', delayType: 'classic' } });
  const { deliveries } = await consume(broker, ['q']);
  await broker.declareDelayed('q');
  await broker.publisher.publish(delayed('q', 'x', 1));
  await until(() => deliveries.length === 1);
});
