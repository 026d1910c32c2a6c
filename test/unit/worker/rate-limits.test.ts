import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { loadSettings } from '../../../src/config.ts';
import type { TaskManifest } from '../../../src/contract/ipc.ts';
import { createRateLimits, parseRateLimit } from '../../../src/worker/rate-limits.ts';

const NOW = new Date('2026-01-01T00:00:00Z');

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

function limited(rateLimit: string | null, settings = {}) {
  const manifest: TaskManifest = {
    name: 'task',
    softTimeLimit: null,
    timeLimit: null,
    acksLate: true,
    acksOnFailureOrTimeout: true,
    rateLimit,
    ignoreResult: false,
    storeErrorsEvenIfIgnored: false,
    trackStarted: null,
    sendEvents: true,
  };
  const tasks = new Map([['task', manifest]]);
  const limits = createRateLimits({
    tasks,
    settings: loadSettings({}, settings),
    stopping: new AbortController().signal,
  });
  return { limits, change: (limit: string | null) => tasks.set('task', { ...manifest, rateLimit: limit }) };
}

function secondsUntil(date: Date | null): number | null {
  return date && (date.getTime() - NOW.getTime()) / 1000;
}

it.each([
  ['10/s', 10],
  ['100/m', 100 / 60],
  ['5/h', 5 / 3600],
  ['0.5/s', 0.5],
  ['3', 3],
  [3, 3],
  ['0', 0],
  [0, 0],
  ['', 0],
  [null, 0],
  ['fast', null],
  ['1/d', null],
  ['-1/s', null],
])('reads %j as %j runs per second', (limit, perSecond) => {
  expect(parseRateLimit(limit)).toBe(perSecond);
});

it('lets a task without a limit, or of a worker without limits, run at once', async () => {
  const unlimited = limited(null).limits;
  const disabled = limited('1/h', { disableRateLimits: true }).limits;
  for (const { turn } of [unlimited, disabled]) {
    expect(await turn('task', false)).toBeNull();
    expect(await turn('task', false)).toBeNull();
  }
});

it('gives one turn each interval in the order of asking, and saves none up', async () => {
  vi.useRealTimers();
  const { turn } = limited('20/s').limits;
  const startedAt = performance.now();
  const came: number[] = [];
  await Promise.all([1, 2, 3].map((nth) => turn('task', false).then(() => came.push(nth))));
  expect(came).toEqual([1, 2, 3]);
  // Timers may fire a millisecond early.
  expect(performance.now() - startedAt).toBeGreaterThan(98);
});

it('sends away what would wait longer than a second, each to a turn of its own', async () => {
  const { turn } = limited('30/m').limits;
  expect(await turn('task', false)).toBeNull();
  expect(secondsUntil(await turn('task', false))).toBe(2);
  expect(secondsUntil(await turn('task', false))).toBe(4);
  expect(secondsUntil(await turn('task', false))).toBe(6);
});

it('lets those who come back run before those who come anew', async () => {
  const { turn } = limited('30/m').limits;
  await turn('task', false);
  await turn('task', false);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(secondsUntil(await turn('task', false))).toBe(4);
  expect(await turn('task', true)).toBeNull();
});

it('sends away again who comes back too early, without a new place in the line', async () => {
  const { turn } = limited('6/m').limits;
  await turn('task', false);
  await turn('task', false);
  expect(secondsUntil(await turn('task', true))).toBe(10);
  expect(secondsUntil(await turn('task', true))).toBe(10);
});

it('follows a limit that is changed or taken away', async () => {
  const { limits, change } = limited('1/h');
  await limits.turn('task', false);
  expect(secondsUntil(await limits.turn('task', false))).toBe(3600);
  change('30/m');
  expect(secondsUntil(await limits.turn('task', false))).toBe(2);
  change(null);
  expect(await limits.turn('task', false)).toBeNull();
});
