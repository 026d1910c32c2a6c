/** Runs that outlast what the broker waits for an ack; here they are handed over after a second, not ten minutes. */
import { beforeAll, expect, it, vi } from 'vitest';
import { parkedQueueOf } from '../../src/protocol/parked.ts';
import type { AmqpOperator } from '../support/amqp-operator.ts';
import { deleteAfterwards, until, useOperator, useProxy } from '../support/broker-harness.ts';
import { settled } from '../support/sender.ts';
import { brokerUrl } from '../support/services.ts';
import { note } from '../support/tasks.ts';
import {
  metric,
  type Place,
  type TestWorker,
  useClient,
  usePlace,
  useTrace,
  useWorker,
} from '../support/worker.ts';

/** Milliseconds: a lease of 15 s, five seconds in the parked queue, and the run. */
const TAKEN_OVER = 40_000;

beforeAll(() => {
  vi.stubEnv('OMEGA_HANDOVER_AFTER', '1');
});

async function usePlaceWithParking(): Promise<{ place: Place; operator: AmqpOperator }> {
  const place = usePlace();
  deleteAfterwards(place.queue, parkedQueueOf(place.queue));
  return { place, operator: await useOperator() };
}

const acks = (worker: TestWorker, place: Place): Promise<number> => settled(worker, place, 'ack');

it('a long run is acknowledged while it goes on, and ends once', async () => {
  const { place, operator } = await usePlaceWithParking();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const handle = om.runtime.task(note)({ path: trace.path, text: 'run', seconds: 8 });
  await until(async () => (await acks(worker, place)) > 0);
  expect(trace.lines()).toEqual([]);
  expect(await metric(worker, 'omega_worker_leases')).toBe(1);
  expect(await metric(worker, `omega_task_parked_total{queue="${place.queue}"}`)).toBeGreaterThan(0);

  expect(await handle.get({ timeout: 30_000 })).toBe('run');
  // The copy comes back, finds that its run is over, and is gone.
  await until(async () => (await operator.ready(parkedQueueOf(place.queue))) === 0);
  await until(async () => (await operator.ready(place.queue)) === 0);
  expect(trace.lines()).toEqual(['run']);
}, 60_000);

it('a long run whose worker is killed after that is run by another one', async () => {
  const { place } = await usePlaceWithParking();
  const [om, first] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const handle = om.runtime.task(note)({ path: trace.path, text: 'run', seconds: 5 });
  await until(async () => (await acks(first, place)) > 0);
  first.process.kill('SIGKILL');
  await useWorker(place);
  expect(await handle.get({ timeout: TAKEN_OVER })).toBe('run');
  expect(trace.lines()).toEqual(['run']);
}, 90_000);

it('a message that comes again while its run goes on elsewhere does not begin a second one', async () => {
  const { place } = await usePlaceWithParking();
  const proxy = await useProxy();
  const [om, first] = await Promise.all([
    useClient(place),
    useWorker({ ...place, broker: proxy.url(brokerUrl()) }),
  ]);
  const trace = useTrace();
  const handle = om.runtime.task(note)({ path: trace.path, text: 'run', seconds: 9 });
  await until(async () => (await handle.state()) === 'STARTED');
  await until(() => first.lines.length > 0);
  const second = await useWorker(place);
  // Long enough for the lease, too short for the hand-over.
  await proxy.refuse();
  await until(async () => (await acks(second, place)) > 0, 20_000);
  await proxy.accept();
  expect(await handle.get({ timeout: TAKEN_OVER })).toBe('run');
  expect(trace.lines()).toEqual(['run']);
}, 90_000);

it('a long run that is ended because its worker stops is run by another one at once', async () => {
  const { place } = await usePlaceWithParking();
  const [om, first] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const handle = om.runtime.task(note)({ path: trace.path, text: 'run', seconds: 5 });
  await until(async () => (await acks(first, place)) > 0);
  first.process.kill('SIGQUIT');
  await useWorker(place);
  expect(await handle.get({ timeout: TAKEN_OVER })).toBe('run');
  expect(trace.lines()).toEqual(['run']);
}, 90_000);
