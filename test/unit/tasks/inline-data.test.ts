import { describe, expect, it } from 'vitest';
import { InvalidData } from '../../../src/errors.ts';
import { frameFromRows, frameFromValues } from '../../../src/tasks/inline-data.ts';

describe('rows in a message', () => {
  it('that are lists take the names of the features in order', () => {
    const frame = frameFromRows(
      [
        [1, 2],
        [3, 4],
      ],
      ['a', 'b'],
    );
    expect(frame.toRows()).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ]);
  });

  it('that are lists are numbered when the features have no names', () => {
    expect(frameFromRows([[1, 'x']], null).toRows()).toEqual([{ 0: 1, 1: 'x' }]);
  });

  it('that are objects name their columns themselves', () => {
    const frame = frameFromRows([{ b: 1 }, { a: 2, b: 3 }], ['a', 'b']);
    expect(frame.toRows()).toEqual([
      { b: 1, a: null },
      { b: 3, a: 2 },
    ]);
  });

  it.each([
    ['list', [1, 2]],
    ['object', { a: 1, b: 2 }],
  ])('may be a single %s', (_, data) => {
    expect(frameFromRows(data, ['a', 'b']).toRows()).toEqual([{ a: 1, b: 2 }]);
  });

  it('are refused when they are wider than the features', () => {
    expect(() => frameFromRows([[1, 2, 3]], ['a', 'b'])).toThrow('3 values where 2 are expected: send a, b');
  });

  it.each([[3], [true]])('are refused when they are the single value %j', (data) => {
    expect(() => frameFromRows(data, null)).toThrow(InvalidData);
  });

  it('are refused when they differ in length', () => {
    expect(() => frameFromRows([[1, 2], [3]], null)).toThrow(InvalidData);
  });
});

describe('labels in a message', () => {
  it('are one column, a value per row', () => {
    expect(frameFromValues(['cat', 'dog'], 'y').toRows()).toEqual([{ y: 'cat' }, { y: 'dog' }]);
  });

  it('are one row per list', () => {
    expect(
      frameFromValues(
        [
          [1, 2],
          [3, 4],
        ],
        'y',
      ).rowCount,
    ).toBe(2);
  });
});
