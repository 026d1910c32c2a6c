/** A broker under test: everything it opens is closed when the test ends, its queues are deleted. */
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { type Broker, type BrokerOptions, connectBroker } from '../../src/broker/broker.ts';
import type { Delivery, TaskConsumer } from '../../src/broker/consumer.ts';
import { connectTransport } from '../../src/broker/transport.ts';
import type { LogPort } from '../../src/contract/logger.ts';
import type { Publication, Transport } from '../../src/contract/transport.ts';
import { type AmqpOperator, connectOperator } from './amqp-operator.ts';
import { brokerUrl } from './services.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export async function useBroker(options: Partial<BrokerOptions> = {}): Promise<Broker> {
  const broker = await connectBroker({ url: brokerUrl(), name: 'test', ...options });
  onTestFinished(() => broker.close());
  return broker;
}

export async function useTransport(url: string = brokerUrl()): Promise<Transport> {
  const transport = await connectTransport({ url, name: 'test' });
  onTestFinished(() => transport.close());
  return transport;
}

/** Before the broker, or before another service. */
export async function useProxy(service: string = brokerUrl()): Promise<TcpProxy> {
  const proxy = await startTcpProxy(service);
  onTestFinished(() => proxy.close());
  return proxy;
}

export async function useOperator(): Promise<AmqpOperator> {
  const operator = await connectOperator(brokerUrl());
  onTestFinished(() => operator.close());
  return operator;
}

/** A queue name of its own, deleted after the test. */
export async function useQueue(): Promise<string> {
  const queue = `test-${randomUUID()}`;
  deleteAfterwards(queue);
  return queue;
}

/** These queues, as far as there are such, go when the test ends. */
export function deleteAfterwards(...queues: readonly string[]): void {
  onTestFinished(async () => {
    const operator = await connectOperator(brokerUrl());
    for (const queue of queues) await operator.deleteQueue(queue);
    await operator.close();
  });
}

/** A consumer that keeps its deliveries, and settles them only when told to. */
export async function consume(
  broker: Broker,
  queues: readonly string[],
  { prefetch = 10, burstPrefetch = 100, ack = true } = {},
): Promise<{ consumer: TaskConsumer; deliveries: Delivery[]; bodies: () => string[] }> {
  const deliveries: Delivery[] = [];
  const consumer = broker.createConsumer({ queues, prefetch, burstPrefetch }, (delivery) => {
    deliveries.push(delivery);
    if (ack) delivery.ack();
  });
  await until(() => consumer.consuming);
  return { consumer, deliveries, bodies: () => deliveries.map(({ body }) => body.toString()) };
}

export function message(queue: string, body = 'x', change: Partial<Publication> = {}): Publication {
  return {
    exchange: '',
    routingKey: queue,
    body: Buffer.from(body),
    properties: { deliveryMode: 2, correlationId: body },
    unroutable: 'error',
    ...change,
  };
}

/** A logger that keeps the messages of its lines. */
export function recordingLogger(): LogPort & { readonly lines: string[] } {
  const lines: string[] = [];
  const record = (_fields: unknown, text: string): void => {
    lines.push(text);
  };
  return { lines, info: record, warn: record, error: record };
}

/** Waits until the condition holds; fails after the given time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
  what = condition.toString(),
): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`still not so after ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
