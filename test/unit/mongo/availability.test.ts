import { MongoServerError } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { isTransient, isUnavailable } from '../../../src/mongo/availability.ts';

function refusal(code: number, message: string): MongoServerError {
  return new MongoServerError({ ok: 0, code, errmsg: message });
}

describe('the same call may succeed later', () => {
  it.each([
    [11_602, 'Index build failed: caused by :: operation was interrupted'],
    [10_107, 'not primary'],
    [43, 'cursor id 7 not found'],
    [8, '28: No space left on device'],
  ])('after %i: %s', (code, message) => {
    expect(isUnavailable(refusal(code, message))).toBe(true);
  });
});

describe('it will not', () => {
  it.each([
    [11_000, 'E11000 duplicate key error'],
    [121, 'Document failed validation'],
    [13, 'not authorized'],
  ])('after %i: %s', (code, message) => {
    expect(isUnavailable(refusal(code, message))).toBe(false);
  });

  it('after an error of other code', () => {
    expect(isUnavailable(new Error('not primary'))).toBe(false);
  });
});

describe('one of many writes', () => {
  it.each([
    [true, 11_602, 'operation was interrupted'],
    [true, 14_031, 'not enough disk space'],
    [false, 121, 'Document failed validation'],
  ])('may be taken later: %s, after %i: %s', (expected, code, message) => {
    expect(isTransient({ code, message })).toBe(expected);
  });
});
