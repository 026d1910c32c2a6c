import { afterEach, expect, it, vi } from 'vitest';
import { startAutoscaler } from '../../../src/worker/autoscale.ts';

afterEach(() => void vi.useRealTimers());

function start() {
  vi.useFakeTimers();
  let slots = 1;
  let load = 0;
  let last = 0;
  const ranges: unknown[] = [];
  const autoscaler = startAutoscaler({
    range: { most: 4, fewest: 1 },
    slots: () => slots,
    load: () => load,
    lastReceived: () => last,
    resize: (next) => {
      slots = next;
    },
    onRange: (range) => void ranges.push(range),
  });
  return {
    ...{ autoscaler, ranges },
    receive(tasks: number) {
      load = tasks;
      last = Date.now();
    },
    end() {
      load = 0;
    },
  };
}

it('grows with the load, at most to its limit', () => {
  const { autoscaler, receive } = start();
  receive(3);
  vi.advanceTimersByTime(300);
  expect(autoscaler.stats).toEqual({ max: 4, min: 1, current: 3, qty: 3 });
  receive(9);
  vi.advanceTimersByTime(300);
  expect(autoscaler.stats.current).toBe(4);
});

it('takes slots away after half a minute without tasks, and not before', () => {
  const { autoscaler, receive, end } = start();
  receive(4);
  vi.advanceTimersByTime(300);
  end();
  vi.advanceTimersByTime(29_000);
  expect(autoscaler.stats.current).toBe(4);
  vi.advanceTimersByTime(2_000);
  expect(autoscaler.stats.current).toBe(1);
});

it('goes into a new range at once', () => {
  const { autoscaler, ranges } = start();
  autoscaler.scale({ most: 6, fewest: 2 });
  expect(autoscaler.stats).toMatchObject({ max: 6, min: 2, current: 2 });
  expect(ranges).toEqual([{ most: 6, fewest: 2 }]);
  autoscaler.stop();
});
