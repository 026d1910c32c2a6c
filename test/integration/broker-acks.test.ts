/** Acks on a real channel, while the clock stands still: what is counted are the calls that become frames. */
import { setImmediate as turn } from 'node:timers/promises';
import { type Channel, type ConsumeMessage, connect } from 'amqplib';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { Acks } from '../../src/broker/acks.ts';
import type { AmqpOperator } from '../support/amqp-operator.ts';
import { until, useOperator, useQueue } from '../support/broker-harness.ts';
import { brokerUrl } from '../support/services.ts';

interface Consumption {
  readonly channel: Channel;
  readonly acks: Acks;
  /** Acknowledges these deliveries, counted from 1, each in a turn of the event loop of its own. */
  ack(...tags: number[]): Promise<void>;
  nack(tag: number): void;
  /** Tags whose acks were not sent. */
  readonly unsent: readonly number[];
  /** Delivery tags of the ack frames, with `multiple`. */
  frames(): (readonly [number, boolean])[];
  /** How many the broker still holds once the channel is closed. */
  left(): Promise<number | null>;
}

afterEach(() => {
  vi.useRealTimers();
});

async function consume(count: number): Promise<Consumption> {
  const [queue, operator] = [await useQueue(), await useOperator()];
  await operator.declareQueue(queue);
  await operator.send(
    queue,
    Array.from({ length: count }, (_, index) => String(index)),
  );
  const channel = await openChannel();
  const frames = vi.spyOn(channel, 'ack');
  const acks = new Acks(channel);
  const messages = new Map<number, ConsumeMessage>();
  await channel.consume(queue, (message) => {
    if (message === null) return;
    acks.expect(message);
    messages.set(message.fields.deliveryTag, message);
  });
  await until(() => messages.size === count);
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  // Time has passed since the last acks, of which there are none.
  vi.advanceTimersByTime(10);
  const message = (tag: number) => messages.get(tag) as ConsumeMessage;
  const unsent: number[] = [];
  return {
    ...{ channel, acks, unsent },
    async ack(...tags) {
      for (const tag of tags) {
        acks.ack(message(tag), () => unsent.push(tag));
        await turn();
      }
    },
    nack: (tag) => acks.nack(message(tag), true),
    frames: () => frames.mock.calls.map(([{ fields }, multiple = false]) => [fields.deliveryTag, multiple]),
    left: () => closeAndCount(channel, operator, queue),
  };
}

async function openChannel(): Promise<Channel> {
  const connection = await connect(brokerUrl());
  onTestFinished(() => connection.close());
  return await connection.createChannel();
}

async function closeAndCount(
  channel: Channel,
  operator: AmqpOperator,
  queue: string,
): Promise<number | null> {
  vi.useRealTimers();
  await channel.close();
  return await operator.ready(queue);
}

test('few acks are sent at once', async () => {
  const { ack, frames, left } = await consume(3);
  await ack(1, 2);
  expect(frames()).toEqual([
    [1, true],
    [2, true],
  ]);
  expect(await left()).toBe(1);
});

test('many are sent a millisecond later, in one frame if they are in the order of delivery', async () => {
  const { ack, frames, left } = await consume(6);
  await ack(1, 2, 3, 4, 5);
  expect(frames()).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect(frames().slice(2)).toEqual([[5, true]]);
  expect(await left()).toBe(1);
});

test('what is done before an earlier delivery has a frame of its own, and leaves the earlier one open', async () => {
  const { ack, frames, left } = await consume(6);
  await ack(1, 2, 5, 3, 6);
  vi.advanceTimersByTime(1);
  expect(frames().slice(2)).toEqual([
    [3, true],
    [5, false],
    [6, false],
  ]);
  expect(await left()).toBe(1);
});

test('a delivery that was given back holds up no other', async () => {
  const { ack, nack, frames, left } = await consume(5);
  await ack(1, 2);
  nack(3);
  await ack(4, 5);
  vi.advanceTimersByTime(1);
  expect(frames().slice(2)).toEqual([[5, true]]);
  expect(await left()).toBe(1);
});

test('before its channel is closed it sends what waits', async () => {
  const { acks, ack, left } = await consume(5);
  await ack(1, 2, 3, 4, 5);
  acks.flush();
  expect(await left()).toBe(0);
});

test('those that wait when the channel is lost are told so, once, and no others', async () => {
  const { acks, ack, unsent, frames } = await consume(5);
  await ack(1, 2, 3, 4);
  acks.lost();
  vi.advanceTimersByTime(10);
  acks.lost();
  expect(unsent).toEqual([3, 4]);
  expect(frames()).toHaveLength(2);
});

test('on a channel that is closing an ack does no harm, and is told that it was not sent', async () => {
  const { acks, channel, ack, unsent } = await consume(1);
  await channel.close();
  await ack(1);
  expect(unsent).toEqual([]);
  acks.lost();
  expect(unsent).toEqual([1]);
});
