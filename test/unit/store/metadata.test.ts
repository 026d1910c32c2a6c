import { ObjectId } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatMetadata, formatNaive, fromDocument, toNaive } from '../../../src/store/metadata.ts';

const STORED = {
  _id: new ObjectId('6b03fb619d15e912413bd678'),
  name: 'sales',
  bucket: 'omegaml',
  prefix: 'data/',
  kind: 'pandas.dfrows',
  kind_meta: {},
  attributes: { a: 1 },
  s3file: {},
  created: new Date('2026-07-23T08:39:06.792Z'),
  modified: new Date('2026-11-23T08:39:06.000Z'),
};

describe.each([['UTC'], ['Europe/Zurich'], ['America/New_York']])('metadata in %s', (zone) => {
  const zoneBefore = process.env.TZ;

  beforeEach(() => {
    process.env.TZ = zone;
  });

  afterEach(() => {
    if (zoneBefore === undefined) delete process.env.TZ;
    else process.env.TZ = zoneBefore;
  });

  it('are printed with the wall-clock time that Python stored', () => {
    expect(formatMetadata(fromDocument(STORED))).toBe(
      '<Metadata: Metadata(name=sales,bucket=omegaml,prefix=data/,kind=pandas.dfrows,created=2026-07-23 08:39:06.792000)>',
    );
  });

  it('leave out microseconds that are zero, as Python does', () => {
    expect(formatNaive(fromDocument(STORED).modified)).toBe('2026-11-23 08:39:06');
  });

  it('give times that are stored as they were', () => {
    expect(toNaive(fromDocument(STORED).created)).toEqual(STORED.created);
    expect(toNaive(fromDocument(STORED).modified)).toEqual(STORED.modified);
  });
});

describe('metadata', () => {
  it('have no field that is not stored', () => {
    expect(fromDocument(STORED)).not.toHaveProperty('collection');
    expect(fromDocument({ ...STORED, collection: 'c' }).collection).toBe('c');
  });
});
