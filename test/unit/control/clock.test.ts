import { expect, it } from 'vitest';
import { createClock } from '../../../src/control/clock.ts';

it('goes on with each thing sent, and past what others say', () => {
  const clock = createClock();
  expect(clock.forward()).toBe(1);
  clock.adjust(10);
  expect(clock.value).toBe(11);
  clock.adjust(3);
  expect(clock.value).toBe(12);
});

it.each([null, undefined, '99', -5, 1.5, Number.NaN, 2 ** 60, {}])(
  'ignores %s, which is no clock',
  (other) => {
    const clock = createClock();
    clock.adjust(other);
    expect(clock.value).toBe(0);
  },
);
