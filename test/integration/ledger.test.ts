import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { until } from '../support/broker-harness.ts';
import { usePlace } from '../support/worker.ts';

const run = { taskId: 'task', retries: 0, replacedNesting: 0 };

async function useLedger(): Promise<Ledger> {
  const mongo = await connectMongo(usePlace().mongoUrl);
  onTestFinished(() => mongo.close());
  return await openLedger(mongo);
}

/** What the ledger knows of a run; one who holds it for no time, and is about to stop, changes nothing. */
async function known(ledger: Ledger, of: typeof run) {
  const { held: _, ...record } = await ledger.hold(of, { holder: randomUUID(), seconds: 0, draining: true });
  return record;
}

it('knows nothing of a run that it was never told of', async () => {
  const ledger = await useLedger();
  expect(await known(ledger, run)).toEqual({ crashes: 0, losses: 0, done: false });
});

it('counts the crashes of a run, also those that are recorded at once', async () => {
  const ledger = await useLedger();
  await Promise.all([1, 2, 3].map(() => ledger.recordCrash(run)));
  expect(await ledger.recordCrash(run)).toBe(4);
  expect(await known(ledger, run)).toEqual({ crashes: 4, losses: 0, done: false });
});

it('keeps the runs of one task apart: a retry starts anew', async () => {
  const ledger = await useLedger();
  await ledger.recordCrash(run);
  expect(await ledger.recordCrash({ ...run, retries: 1 })).toBe(1);
});

it('remembers that a run has ended, beside its crashes', async () => {
  const ledger = await useLedger();
  await ledger.recordCrash(run);
  await ledger.recordDone(run);
  expect(await known(ledger, run)).toEqual({ crashes: 1, losses: 0, done: true });
});

it('forgets all runs of a task, and nothing of others with a similar id', async () => {
  const ledger = await useLedger();
  const others = ['task:1', 'tas', 'task2', 't.sk'].map((taskId) => ({ ...run, taskId }));
  for (const known of [run, { ...run, retries: 1 }, ...others]) await ledger.recordCrash(known);
  await ledger.forget('task');
  await ledger.forget('t.s');
  expect(await known(ledger, run)).toEqual({ crashes: 0, losses: 0, done: false });
  expect(await known(ledger, { ...run, retries: 1 })).toEqual({ crashes: 0, losses: 0, done: false });
  for (const other of others) expect(await known(ledger, other)).toMatchObject({ crashes: 1 });
});

it('a run is held by one holder, who may hold it longer', async () => {
  const ledger = await useLedger();
  expect(await ledger.hold(run, { holder: 'one', seconds: 30 })).toEqual({
    crashes: 0,
    losses: 0,
    done: false,
    held: true,
  });
  expect(await ledger.hold(run, { holder: 'other', seconds: 30 })).toMatchObject({ held: false });
  expect(await ledger.hold(run, { holder: 'one', seconds: 30 })).toMatchObject({ held: true });
});

it('of many who want to hold a run at once one does', async () => {
  const ledger = await useLedger();
  const holders = Array.from({ length: 20 }, (_, n) => ledger.hold(run, { holder: `$${n}`, seconds: 30 }));
  expect((await Promise.all(holders)).filter(({ held }) => held)).toHaveLength(1);
});

it('a run is free again when its time is over, and when it is released by its holder', async () => {
  const ledger = await useLedger();
  await ledger.hold(run, { holder: 'one', seconds: 1 });
  await until(async () => (await ledger.hold(run, { holder: 'two', seconds: 30 })).held);
  await ledger.release(run, 'one');
  expect(await ledger.hold(run, { holder: 'three', seconds: 30 })).toMatchObject({ held: false });
  await ledger.release(run, 'two');
  expect(await ledger.hold(run, { holder: 'three', seconds: 30 })).toMatchObject({ held: true });
});

it('holding a run keeps what is known of it', async () => {
  const ledger = await useLedger();
  await ledger.recordCrash(run);
  await ledger.recordDone(run);
  expect(await ledger.hold(run, { holder: 'one', seconds: 30 })).toEqual({
    crashes: 1,
    losses: 0,
    done: true,
    held: true,
  });
});

it('a holder whose time is over is counted as lost when another one takes the run, once', async () => {
  const ledger = await useLedger();
  for (const holder of ['one', 'two']) await ledger.hold(run, { holder, seconds: 0 });
  expect(await ledger.hold(run, { holder: 'two', seconds: 0 })).toMatchObject({ losses: 1 });
  expect(await ledger.hold(run, { holder: 'three', seconds: 30 })).toMatchObject({ losses: 2, held: true });
});

it('a holder that has released the run, or was told to stop, is not', async () => {
  const ledger = await useLedger();
  await ledger.hold(run, { holder: 'released', seconds: 30 });
  await ledger.release(run, 'released');
  await ledger.hold(run, { holder: 'drained', seconds: 0 });
  await ledger.drain(['drained']);
  await ledger.hold(run, { holder: 'held while it stops', seconds: 0, draining: true });
  expect(await ledger.hold(run, { holder: 'next', seconds: 30 })).toMatchObject({ losses: 0, held: true });
});
