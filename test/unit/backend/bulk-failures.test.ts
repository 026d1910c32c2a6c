import { BSON, MongoServerError } from 'mongodb';
import { expect, it } from 'vitest';
import { isOfOneDocument } from '../../../src/backend/bulk-failures.ts';

const BAD_VALUE = 2;
const OVERFLOW = 15;

it('a whole bulk fails on account of one document that MongoDB cannot read', () => {
  const tooDeep = new MongoServerError({ message: 'exceeded depth limit', code: OVERFLOW });
  expect(isOfOneDocument(tooDeep)).toBe(true);
  expect(isOfOneDocument(new BSON.BSONError('circular'))).toBe(true);
});

it('and on account of none where the command itself is refused', () => {
  const noJournal = new MongoServerError({ message: "cannot use 'j' option", code: BAD_VALUE });
  expect(isOfOneDocument(noJournal)).toBe(false);
  expect(isOfOneDocument(undefined)).toBe(false);
});
