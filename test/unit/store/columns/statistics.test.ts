import { describe, expect, it } from 'vitest';
import { columnFromValues } from '../../../../src/frame/column-rows.ts';
import { describeRows } from '../../../../src/store/columns/statistics.ts';

describe('the statistics of a block', () => {
  it.each([
    [[3, null, -1, Number.NaN, 9], { min: -1, max: 3, nulls: 1 }],
    [['b', 'c', 'a', null, 'z'], { min: 'a', max: 'c', nulls: 1 }],
    [[2n ** 60n, 1n, null, 5n, 9n], { min: 1n, max: 2n ** 60n, nulls: 1 }],
    [[true, false, true, false, null], { min: false, max: true, nulls: 0 }],
    [[new Date(5), new Date(1), null, new Date(3), null], { min: new Date(1), max: new Date(5), nulls: 1 }],
    [[null, null, null, null, 1], { nulls: 4 }],
  ])('are those of its rows only: %o', (values, expected) => {
    expect(describeRows(columnFromValues(values), 0, 4)).toEqual(expected);
  });

  it('leave long texts and values without order out', () => {
    expect(describeRows(columnFromValues(['x'.repeat(101)]), 0, 1)).toBeNull();
    expect(describeRows(columnFromValues([[1], { a: 1 }]), 0, 2)).toBeNull();
  });
});
