/** The network drops everything, and says nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { canMakeNetworks, useNetwork } from '../support/network.ts';
import { note } from '../support/tasks.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const TASKS = 20;
/** Longer than three heartbeats, after which both sides give the connection up. */
const DROPS_MS = 8_000;

/** How the other side of a network reaches the services of a place. */
async function throughNetwork(place: Place, host: string): Promise<Place> {
  const reach = async (url: string): Promise<string> => {
    const proxy = await startTcpProxy(url, { records: false, host });
    onTestFinished(() => proxy.close());
    return proxy.url(url);
  };
  const mongo = new URL(await reach(place.mongoUrl));
  mongo.searchParams.set('directConnection', 'true');
  return { ...place, broker: await reach(place.broker), mongoUrl: mongo.href };
}

it.skipIf(!canMakeNetworks())(
  'every task runs, and the worker goes on, when all packets were dropped for a while',
  async () => {
    vi.stubEnv('OMEGA_BROKER_HEARTBEAT', '2');
    onTestFinished(() => void vi.unstubAllEnvs());
    const [place, network, trace] = [usePlace(), useNetwork(), useTrace()];
    const far = await throughNetwork(place, network.here);
    const worker = await useWorker(far, ['--http-host', network.there], [], network.launcher);
    const om = await useClient(place);
    const send = () => om.runtime.task(note)({ path: trace.path, text: 'ran', seconds: 0.1 });

    const before = Array.from({ length: TASKS / 2 }, send);
    await until(() => trace.lines().length > 0);
    network.drop();
    const meanwhile = Array.from({ length: TASKS / 2 }, send);
    await sleep(DROPS_MS);
    network.pass();
    await until(async () => (await fetch(`${worker.url}/readyz`)).ok, 10_000);
    const results = await Promise.all(
      [...before, ...meanwhile].map((handle) => handle.get({ timeout: 60_000 })),
    );
    expect(results).toEqual(Array(TASKS).fill('ran'));
    expect(worker.process.exitCode).toBeNull();
    expect(worker.lines.map(({ msg }) => msg)).toContain(
      'the connection to the broker is lost: restoring it',
    );
  },
  120_000,
);
