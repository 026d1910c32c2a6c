/** A replica set that fails over, with a client of ours. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { serviceOptions } from '../../src/cli/local-services.ts';
import { isUnavailable } from '../../src/mongo/availability.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import type { ProcessRecord } from '../../src/services/process-record.ts';
import { isAlive } from '../support/worker.ts';
import { type ReplicaSet, startReplicaSet } from './cluster/replica-set.ts';

const folder = mkdtempSync(join(tmpdir(), 'omega-failover-'));
const started: ProcessRecord[] = [];
let replicaSet: ReplicaSet;
let mongo: Mongo;

beforeAll(async () => {
  const options = { ...serviceOptions(() => undefined), folder };
  replicaSet = await startReplicaSet(options, (server) => void started.push(server));
  mongo = await connectMongo(replicaSet.url);
}, 120_000);

afterAll(async () => {
  await mongo.close();
  for (const { pid } of started) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const writes = () => mongo.db.collection<{ _id: string }>('writes');

/** Seconds until a write is confirmed by a majority; done again, as workers do, when no server could take it. */
async function secondsOfWrite(value: string): Promise<number> {
  const begun = performance.now();
  for (;;) {
    try {
      await writes().updateOne({ _id: value }, { $setOnInsert: { _id: value } }, { upsert: true });
      return (performance.now() - begun) / 1000;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
  }
}

it('a write finds the new primary within 15 s when the old one stands still', async () => {
  const primary = await replicaSet.primaryOfAll();
  await secondsOfWrite('before');
  primary.freeze();
  onTestFinished(() => primary.thaw());
  expect(await secondsOfWrite('while it is frozen')).toBeLessThan(15);
}, 120_000);

it('a write outlives the step-down of the primary', async () => {
  const primary = await replicaSet.primaryOfAll();
  const writing = Array.from({ length: 100 }, (_, i) => secondsOfWrite(`${i}`));
  await primary.command({ replSetStepDown: 10, force: true });
  await Promise.all(writing);
  expect(await writes().countDocuments({ _id: /^\d+$/ })).toBe(100);
}, 120_000);

it('a write outlives the death of the primary', async () => {
  const primary = await replicaSet.primaryOfAll();
  await secondsOfWrite('before it dies');
  await primary.kill();
  onTestFinished(() => primary.start());
  expect(await secondsOfWrite('after its death')).toBeLessThan(30);
  expect(await writes().countDocuments({ _id: 'before it dies' })).toBe(1);
}, 150_000);
