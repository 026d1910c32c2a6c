import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Backoff } from '../../../src/broker/backoff.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('delays double from 200 ms up to 2 s', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const backoff = new Backoff();
  expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test('two who lost the broker together do not come back together', () => {
  const [one, other] = [new Backoff(), new Backoff()];
  expect([one.next(), one.next(), one.next()]).not.toEqual([other.next(), other.next(), other.next()]);
});

test('what worked for a while starts from the base again, what failed at once does not', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const backoff = new Backoff();
  backoff.next();
  backoff.opened();
  expect(backoff.next()).toBe(200);
  backoff.opened();
  vi.advanceTimersByTime(60_000);
  expect(backoff.next()).toBe(100);
});
