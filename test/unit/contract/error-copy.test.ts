import { expect, test } from 'vitest';
import { copyError, restoreError } from '../../../src/contract/error-copy.ts';
import { InvalidData, OmegaError } from '../../../src/errors.ts';

function cross(thrown: unknown): Error {
  return restoreError(structuredClone(copyError(thrown)));
}

test('an error of the catalogue keeps its class, code, message and stack', () => {
  const error = new InvalidData("column 'x' is empty");
  const copy = cross(error);
  expect(copy).toBeInstanceOf(InvalidData);
  expect(copy).toMatchObject({
    code: error.code,
    message: error.message,
    stack: error.stack,
    name: 'InvalidData',
  });
});

test("JavaScript's own errors keep their class", () => {
  expect(cross(new RangeError('no'))).toBeInstanceOf(RangeError);
});

test('any other error keeps its name', () => {
  class Unusual extends Error {
    override name = 'Unusual';
  }
  const copy = cross(new Unusual('so what'));
  expect(copy).not.toBeInstanceOf(OmegaError);
  expect(copy).toMatchObject({ name: 'Unusual', message: 'so what' });
});

test('an error named like a function of the catalogue that is no class is a plain error', () => {
  const named = Object.assign(new Error('x'), { name: 'toString' });
  expect(cross(named)).toMatchObject({ name: 'toString', message: 'x' });
});

test.each([['a text'], [null], [42]])('a thrown %j becomes an error that shows it', (thrown) => {
  expect(cross(thrown).message).toBe(`thrown value: ${thrown}`);
});
