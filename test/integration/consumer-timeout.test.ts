/** Tasks that run longer than RabbitMQ waits for an ack: a broker of its own waits for ten seconds only. */
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { type PrivateBroker, startPrivateBroker } from '../support/private-broker.ts';
import { settled } from '../support/sender.ts';
import { note } from '../support/tasks.ts';
import { type Place, type TestWorker, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const LONGER_SECONDS = 16;

let broker: PrivateBroker;

beforeAll(async () => {
  broker = await startPrivateBroker([], { consumer_timeout: 10_000, channel_tick_interval: 1_000 });
}, 120_000);

afterAll(() => broker.stop());

function usePrivatePlace(handoverAfter: number): Place {
  vi.stubEnv('OMEGA_HANDOVER_AFTER', String(handoverAfter));
  onTestFinished(() => void vi.unstubAllEnvs());
  return usePlace(`amqp://guest:guest@127.0.0.1:${broker.port}//`);
}

/** How often RabbitMQ has closed a channel because an ack was late. */
function timeouts({ lines }: TestWorker): number {
  return lines.filter((line) => JSON.stringify(line).includes('delivery acknowledgement')).length;
}

it('such a task is handed over before, so that the broker never misses its ack', async () => {
  const place = usePrivatePlace(3);
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const long = om.runtime.task(note)({ path: trace.path, text: 'long', seconds: LONGER_SECONDS });
  expect(await long.get({ timeout: 40_000 })).toBe('long');
  expect(trace.lines()).toEqual(['long']);
  expect(timeouts(worker)).toBe(0);
}, 90_000);

it('when the broker is faster, it and its neighbour on the channel still run once', async () => {
  const place = usePrivatePlace(600);
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const texts = ['long', 'as long'];
  const handles = texts.map((text) =>
    om.runtime.task(note)({ path: trace.path, text, seconds: LONGER_SECONDS }),
  );
  expect(await Promise.all(handles.map((handle) => handle.get({ timeout: 60_000 })))).toEqual(texts);
  expect(timeouts(worker)).toBeGreaterThan(0);
  // The parked copies come back, and find that all is done.
  await until(async () => (await settled(worker, place, 'ack')) >= texts.length * 2, 20_000);
  expect(trace.lines().toSorted()).toEqual(texts.toSorted());
}, 120_000);
