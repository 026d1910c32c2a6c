/** A worker that is cut off from the broker in the middle of a task, and comes back when another one has been given it. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { chain } from '../../src/contract/canvas.ts';
import { immutable } from '../../src/contract/signature-options.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { until, useProxy } from '../support/broker-harness.ts';
import { settled } from '../support/sender.ts';
import { note } from '../support/tasks.ts';
import { metric, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

/** Too short for STARTED to be reported, which would wait for the broker. */
const SECONDS = 0.4;

it('what comes next runs once, although both send it', async () => {
  vi.stubEnv('OMEGA_BROKER_HEARTBEAT', '1');
  onTestFinished(() => void vi.unstubAllEnvs());
  const [place, trace] = [usePlace(), useTrace()];
  const proxy = await useProxy(place.broker);
  const [om, cutOff] = await Promise.all([
    useClient(place),
    useWorker({ ...place, broker: proxy.url(place.broker) }),
  ]);
  const step = (text: string, seconds: number) =>
    immutable(signature(note, { path: trace.path, text, seconds }));
  const handle = om.runtime.apply(chain(step('first', SECONDS), step('second', 0)));
  await until(async () => (await metric(cutOff, 'omega_worker_active_tasks')) === 1);
  proxy.hold();

  // The broker gives it the first one, which has ended by then: it only sends the second.
  const other = await useWorker(place);
  await until(() => trace.lines().includes('second'), 20_000);
  expect(await handle.get({ timeout: 20_000 })).toBe('second');
  await proxy.accept();
  const acknowledged = async () =>
    (await settled(other, place, 'ack')) + (await settled(cutOff, place, 'ack'));
  await until(async () => (await acknowledged()) === 3, 20_000);
  expect(trace.lines()).toEqual(['first', 'second']);
}, 90_000);
