import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Recorder, type StoreUsage } from '../../../src/executor/recorder.ts';

const USAGE: StoreUsage = { hits: 0, misses: 1, entries: 1, bytes: 500, bytesRead: 700, bytesWritten: 0 };

it('a run that loads nothing has computed, and says no more', () => {
  const recorder = new Recorder();
  recorder.start();
  expect(recorder.end()).toEqual({ seconds: { compute: expect.any(Number) } });
});

it('what is loaded at the same time counts once, and is no computing', async () => {
  const recorder = new Recorder();
  recorder.start();
  await Promise.all([1, 2, 3].map(() => recorder.time('load_data', () => delay(200))));
  const { load_data: loading = 0, compute = 0 } = recorder.end().seconds;
  expect(loading).toBeGreaterThan(0.15);
  expect(loading).toBeLessThan(0.55);
  expect(compute).toBeLessThan(loading);
});

it('loading that fails has taken its time, too', async () => {
  const recorder = new Recorder();
  recorder.start();
  const failing = recorder.time('load_model', () => delay(50).then(() => Promise.reject(new Error('away'))));
  await expect(failing).rejects.toThrow('away');
  expect(recorder.end().seconds.load_model).toBeGreaterThan(0.03);
});

it('a run is told what it has read and found itself, not what those before it have', () => {
  const recorder = new Recorder();
  recorder.start();
  expect(recorder.end(USAGE)).toMatchObject({
    cacheMisses: 1,
    bytesRead: 700,
    cachedModels: { entries: 1, bytes: 500 },
  });
  recorder.start();
  const second = recorder.end({ ...USAGE, hits: 2, bytesRead: 750, bytesWritten: 9 });
  expect(second).toMatchObject({ cacheHits: 2, bytesRead: 50, bytesWritten: 9 });
  expect(second).not.toHaveProperty('cacheMisses');
});
