import { expect, onTestFinished, test } from 'vitest';
import { connectBroker, createSession } from '../../src/broker/broker.ts';
import { ConfirmPublisher } from '../../src/broker/publisher.ts';
import {
  ImproperlyConfigured,
  MessageRefused,
  MessageTooLarge,
  OperationalError,
  Unroutable,
} from '../../src/errors.ts';
import { message, until, useBroker, useOperator, useProxy, useQueue } from '../support/broker-harness.ts';
import { brokerUrl } from '../support/services.ts';

const MIB = 2 ** 20;

test('a message that no queue receives is an error that names the queue', async () => {
  const { publisher } = await useBroker();
  const failure = await publisher.publish(message('no-such-queue')).catch((error) => error);
  expect(failure).toBeInstanceOf(Unroutable);
  expect(failure.message).toContain("'no-such-queue'");
});

test('a reply to a client that is gone counts as delivered', async () => {
  const { publisher } = await useBroker();
  const reply = message('no-such-queue', 'x', { unroutable: 'drop' });
  await expect(publisher.publish(reply)).resolves.toBeUndefined();
});

test('thousands of messages at once for a queue that is missing declare it, and arrive', async () => {
  const [{ deadLetters }, queue, operator] = [await useBroker(), await useQueue(), await useOperator()];
  await Promise.all(Array.from({ length: 3000 }, (_, i) => deadLetters.publish(message(queue, `${i}`))));
  expect(await operator.ready(queue)).toBe(3000);
});

test('of many messages in flight, only the unroutable ones fail', async () => {
  const [{ publisher }, queue, operator] = [await useBroker(), await useQueue(), await useOperator()];
  await operator.declareQueue(queue);
  const publications = Array.from({ length: 100 }, (_, index) =>
    message(index % 10 === 0 ? 'no-such-queue' : queue, String(index)),
  );
  const outcomes = await Promise.allSettled(
    publications.map((publication) => publisher.publish(publication)),
  );
  expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(
    publications.map(({ routingKey }) => routingKey !== queue),
  );
  expect(await operator.ready(queue)).toBe(90);
});

test('a message to an exchange that does not exist fails alone, and its neighbours arrive once each', async () => {
  const [{ publisher }, queue, operator] = [await useBroker(), await useQueue(), await useOperator()];
  await operator.declareQueue(queue);
  const outcomes = await Promise.allSettled([
    publisher.publish(message(queue, 'before')),
    publisher.publish(message('x', 'lost', { exchange: 'no-such-exchange' })),
    publisher.publish(message(queue, 'after')),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(outcomes[1]).toMatchObject({ reason: expect.any(Unroutable) });
  expect(await operator.ready(queue)).toBeGreaterThanOrEqual(2);
});

test('a message over 12 MiB is refused before it is sent, one of 12 MiB is not', async () => {
  const [{ publisher }, queue, operator] = [await useBroker(), await useQueue(), await useOperator()];
  await operator.declareQueue(queue);
  const body = Buffer.alloc(12 * MIB);
  await publisher.publish(message(queue, 'x', { body }));
  const larger = message(queue, 'x', { body: Buffer.concat([body, Buffer.alloc(1)]) });
  await expect(publisher.publish(larger)).rejects.toBeInstanceOf(MessageTooLarge);
  expect(await operator.ready(queue)).toBe(1);
});

test('headers that AMQP has no room for are refused, and the next message is sent', async () => {
  const [{ publisher }, queue, operator] = [await useBroker(), await useQueue(), await useOperator()];
  await operator.declareQueue(queue);
  const headers = { argsrepr: 'x'.repeat(70_000) };
  const large = message(queue, 'x', { properties: { headers } });
  await expect(publisher.publish(large)).rejects.toBeInstanceOf(MessageTooLarge);
  await publisher.publish(message(queue));
  expect(await operator.ready(queue)).toBe(1);
});

test.each([
  ['a property that AMQP cannot carry', { correlationId: 'x'.repeat(300) }],
  ['a property that the broker does not accept', { expiration: 'tomorrow' }],
])('%s is refused, and the next message is sent', async (_, properties) => {
  const [{ publisher }, queue, operator] = [await useBroker(), await useQueue(), await useOperator()];
  await operator.declareQueue(queue);
  const wrong = publisher.publish(message(queue, 'wrong', { properties }));
  await expect(wrong).rejects.toBeInstanceOf(MessageRefused);
  await publisher.publish(message(queue));
  expect(await operator.ready(queue)).toBe(1);
});

test('a message that a full queue rejects is an error', async () => {
  const [{ publisher }, queue, operator] = [await useBroker(), await useQueue(), await useOperator()];
  await operator.declareQueue(queue, { maxLength: 1, overflow: 'reject-publish' });
  const publications = Array.from({ length: 20 }, (_, index) => message(queue, String(index)));
  for (const publication of publications.slice(0, 10)) {
    await publisher.publish(publication).catch(() => undefined);
  }
  await expect(publisher.publish(message(queue))).rejects.toBeInstanceOf(MessageRefused);
});

test('a message that is not confirmed in time is an error that says so', async () => {
  const [proxy, queue] = [await useProxy(), await useQueue()];
  const session = createSession({ url: proxy.url(brokerUrl()), name: 'test' }, 'publish');
  onTestFinished(() => session.close());
  await session.connect({ retry: false });
  const publisher = new ConfirmPublisher(session, { deadlineMs: 300 });
  await proxy.refuse();
  const failure = await publisher.publish(message(queue)).catch((error) => error);
  expect(failure).toBeInstanceOf(OperationalError);
  expect(failure.message).toContain('not confirmed within 0.3 s');
});

test('closing waits for the confirms; publishing afterwards is an error', async () => {
  const [queue, operator] = [await useQueue(), await useOperator()];
  const broker = await useBroker();
  await operator.declareQueue(queue);
  const published = Array.from({ length: 500 }, (_, index) =>
    broker.publisher.publish(message(queue, String(index))),
  );
  await broker.close();
  await Promise.all(published);
  expect(await operator.ready(queue)).toBe(500);
  await expect(broker.publisher.publish(message(queue))).rejects.toBeInstanceOf(OperationalError);
});

test('a broker that is not there is an error that names it, and keeps the password to itself', async () => {
  const proxy = await useProxy();
  await proxy.refuse();
  const url = new URL(proxy.url(brokerUrl()));
  url.password = 's3cret';
  const failure = await connectBroker({ url: url.href, name: 'test', retry: false }).catch((error) => error);
  expect(failure).toBeInstanceOf(OperationalError);
  expect(failure.message).toContain(`127.0.0.1:${url.port}`);
  expect(failure.message).toContain('start RabbitMQ');
  expect(failure.message).not.toContain('s3cret');
});

test('a login that the broker refuses is told as such', async () => {
  const url = new URL(brokerUrl());
  url.password = 'wrong';
  const failure = connectBroker({ url: url.href, name: 'test', retry: false });
  await expect(failure).rejects.toThrow(/ACCESS_REFUSED/);
});

test('a broker that comes later is connected to when asked to retry', async () => {
  const proxy = await useProxy();
  await proxy.refuse();
  const connecting = useBroker({ url: proxy.url(brokerUrl()), retry: true });
  await proxy.accept();
  const broker = await connecting;
  await until(() => broker.state === 'open');
});

test('a URL that is none is refused without showing it', async () => {
  const failure = await connectBroker({ url: 'http://user:s3cret@host', name: 'test' }).catch(
    (error) => error,
  );
  expect(failure).toBeInstanceOf(ImproperlyConfigured);
  expect(failure.message).not.toContain('s3cret');
});
