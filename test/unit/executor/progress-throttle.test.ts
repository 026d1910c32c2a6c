import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { JsonText } from '../../../src/contract/job.ts';
import { ProgressThrottle } from '../../../src/executor/progress-throttle.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function throttled() {
  const sent: string[] = [];
  const throttle = new ProgressThrottle((_, meta) => sent.push(meta));
  const report = (n: number) => throttle.report('PROGRESS', String(n) as JsonText);
  return { sent, throttle, report };
}

test('the first report is sent at once, of those that follow too soon the last one', () => {
  const { sent, report } = throttled();
  for (const n of [1, 2, 3]) report(n);
  expect(sent).toEqual(['1']);
  vi.advanceTimersByTime(100);
  expect(sent).toEqual(['1', '3']);
});

test('reports that come slowly are all sent at once', () => {
  const { sent, report } = throttled();
  for (const n of [1, 2, 3]) {
    report(n);
    vi.advanceTimersByTime(100);
  }
  expect(sent).toEqual(['1', '2', '3']);
});

test('a steady stream of reports is sent ten times a second', () => {
  const { sent, report } = throttled();
  for (let ms = 0; ms < 1000; ms += 1) {
    report(ms);
    vi.advanceTimersByTime(1);
  }
  expect(sent.length).toBeLessThanOrEqual(11);
  expect(sent.length).toBeGreaterThanOrEqual(9);
});

test('a flush sends what waits, once', () => {
  const { sent, throttle, report } = throttled();
  report(1);
  report(2);
  throttle.flush();
  throttle.flush();
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual(['1', '2']);
});

test('a task that lets no timer fire has its reports sent by the clock', () => {
  const { sent, report } = throttled();
  report(1);
  report(2);
  const now = performance.now();
  vi.spyOn(performance, 'now').mockReturnValue(now + 150);
  report(3);
  expect(sent).toEqual(['1', '3']);
});
