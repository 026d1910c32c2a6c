/** A worker that stands still, and comes back when others have done its work. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { versionsOf } from '../../src/models/version-name.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { until } from '../support/broker-harness.ts';
import { isFitting, putSlowFit } from '../support/slow-fit.ts';
import { type Place, type TestWorker, useClient, usePlace, useWorker } from '../support/worker.ts';

/** Of the whole worker, its executors too. */
function signal({ pid, executorPids }: TestWorker, name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const each of [pid, ...executorPids()]) process.kill(each, name);
}

async function storedResult({ mongoUrl }: Place, taskId: string): Promise<unknown> {
  const mongo = await connectMongo(mongoUrl);
  const document = await mongo.db.collection<{ _id: string }>('celery_taskmeta').findOne({ _id: taskId });
  await mongo.close();
  return document;
}

it('changes neither the result nor the model that others have stored meanwhile', async () => {
  vi.stubEnv('OMEGA_BROKER_HEARTBEAT', '1');
  onTestFinished(() => void vi.unstubAllEnvs());
  const place = usePlace();
  const [om, frozen] = await Promise.all([useClient(place), useWorker(place)]);
  await putSlowFit(om);
  const handle = om.runtime.model('forest').fit('X', 'y');
  await until(() => isFitting(handle), 20_000);
  signal(frozen, 'SIGSTOP');
  onTestFinished(() => signal(frozen, 'SIGCONT'));

  await useWorker(place);
  await handle.get({ timeout: 60_000 });
  const result = await storedResult(place, handle.id);
  const versions = versionsOf((await om.models.metadata('forest')).attributes);
  // That of the put, and that of the fit.
  expect(versions?.commits).toHaveLength(2);

  signal(frozen, 'SIGCONT');
  await until(() => frozen.lines.some(({ msg }) => msg === 'task succeeded'), 60_000);
  expect(await storedResult(place, handle.id)).toEqual(result);
  expect(versionsOf((await om.models.metadata('forest')).attributes)).toEqual(versions);
}, 180_000);
