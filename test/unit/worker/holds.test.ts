import { expect, it } from 'vitest';
import { createHolds } from '../../../src/worker/holds.ts';

it('holds until the last reason is gone, names the oldest, and tells of the first and of the last', () => {
  const holds = createHolds();
  const told: (string | null)[] = [];
  holds.onChange(() => told.push(holds.reason));
  const [first, second] = [holds.hold('first'), holds.hold('second')];
  expect(holds.reason).toBe('first');
  first();
  first();
  expect(holds.reason).toBe('second');
  second();
  expect(told).toEqual(['first', null]);
});

it('a switch that is on twice is off at once', () => {
  const holds = createHolds();
  const hold = holds.switchFor('memory is short');
  hold(false);
  hold(true);
  hold(true);
  expect(holds.reason).toBe('memory is short');
  hold(false);
  expect(holds.reason).toBeNull();
});
