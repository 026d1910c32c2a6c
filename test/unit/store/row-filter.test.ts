import { describe, expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import { columnFromValues } from '../../../src/frame/column-rows.ts';
import {
  mayMatch,
  parseWhere,
  rowMatcher,
  toMongoFilter,
  type Where,
} from '../../../src/store/row-filter.ts';

function matching(where: Where, values: readonly unknown[]): number[] {
  const [filter = { column: '', tests: [] }] = parseWhere(where);
  const matches = rowMatcher(filter, columnFromValues(values));
  return values.flatMap((_, row) => (matches(row) ? [row] : []));
}

describe('a filter on rows', () => {
  it('compares numbers of all kinds, whatever type the column has', () => {
    expect(matching({ x: { $gte: 1, $lt: 3 } }, [0.5, 1, 2.5, 3])).toEqual([1, 2]);
    expect(matching({ x: { $gt: 1n } }, [1, 2])).toEqual([1]);
    expect(matching({ x: 2n ** 60n + 1n }, [2n ** 60n, 2n ** 60n + 1n])).toEqual([1]);
    expect(matching({ x: { $in: [1, 3] } }, [1, 2, 3])).toEqual([0, 2]);
  });

  it('compares texts, dates and booleans with their own kind only', () => {
    expect(matching({ x: { $gt: 'a' } }, ['a', 'b', null])).toEqual([1]);
    expect(matching({ x: new Date(5) }, [new Date(5), new Date(6)])).toEqual([0]);
    expect(matching({ x: true }, [true, false])).toEqual([0]);
    expect(matching({ x: 1 }, [true, false])).toEqual([]);
    expect(matching({ x: '1' }, [1])).toEqual([]);
  });

  it('is met by no missing value, and no NaN', () => {
    expect(matching({ x: { $lte: 9 } }, [null, 1, Number.NaN])).toEqual([1]);
    expect(matching({ x: 0 }, [null, 0, Number.NaN])).toEqual([1]);
  });

  it.each([
    [null],
    ['x > 1'],
    [{ x: null }],
    [{ x: {} }],
    [{ x: { $where: 'sleep(1)' } }],
    [{ x: { $gt: Number.NaN } }],
    [{ x: { $in: 3n, $eq: [1] } }],
    [{ x: { $in: [{ $gt: 1 }] } }],
    [{ x: /a/ }],
  ])('is refused when it is none: %o', (where) => {
    expect(() => parseWhere(where)).toThrow(InvalidData);
  });

  it('is what MongoDB takes', () => {
    expect(toMongoFilter(parseWhere({ a: 1, b: { $gt: 2, $in: [3] } }))).toEqual({
      $and: [{ a: { $eq: 1 } }, { b: { $gt: 2, $in: [3] } }],
    });
  });
});

describe('a filter on a block', () => {
  it.each([
    [{ x: 5 }, true],
    [{ x: 11 }, false],
    [{ x: { $gt: 10 } }, false],
    [{ x: { $gte: 10 } }, true],
    [{ x: { $lt: 1 } }, false],
    [{ x: { $lte: 1 } }, true],
    [{ x: { $in: [0, 11] } }, false],
    [{ x: { $in: [0, 4] } }, true],
    [{ x: { $gt: 3, $lt: 0 } }, false],
    [{ x: 'a' }, false],
  ])('%o leaves one of 1 to 10 out when it must: %s', (where, expected) => {
    const [filter = { column: '', tests: [] }] = parseWhere(where);
    expect(mayMatch(filter, { min: 1, max: 10n })).toBe(expected);
    expect(mayMatch(filter, {})).toBe(false);
  });
});
