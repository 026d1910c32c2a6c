import { BSON, Decimal128, Double, Long, ObjectId, Timestamp } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { ColumnBuilder } from '../../../src/frame/column-builder.ts';
import { DataFrame } from '../../../src/frame/data-frame.ts';
import { BsonWalker } from '../../../src/mongo/walker.ts';

function walk(batches: BSON.Document[][], skipped: string[] = []): DataFrame {
  const builders = new Map<string, ColumnBuilder>();
  const walker = new BsonWalker((name) => {
    if (skipped.includes(name)) return null;
    const builder = new ColumnBuilder();
    builders.set(name, builder);
    return builder;
  });
  // An array in BSON is a document with the keys 0, 1, …
  for (const batch of batches) Array.from(walker.walk(Buffer.from(BSON.serialize({ ...batch }))));
  return new DataFrame(new Map([...builders].map(([name, builder]) => [name, builder.build(walker.rows)])));
}

describe('the walker over BSON documents', () => {
  it('hands on every type of value', () => {
    const document = {
      double: new Double(1),
      int: 7,
      long: Long.fromNumber(2 ** 40),
      huge: Long.fromBigInt(-(2n ** 60n)),
      text: 'ü',
      yes: true,
      when: new Date(-5),
      nothing: null,
      nested: { a: [1, { b: 2 }] },
      list: [1, 2],
      decimal: Decimal128.fromString('1.5'),
      id: new ObjectId('6b03fb619d15e912413bd678'),
      pattern: /x/i,
    };
    const [row] = walk([[document]]).toRows();
    expect(row).toEqual({
      ...document,
      double: 1,
      long: 2 ** 40,
      huge: -(2n ** 60n),
      pattern: expect.anything(),
    });
  });

  it('has 64-bit integers in documents and lists as numbers where that is exact, else as bigints', () => {
    const exact = [2 ** 40, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER];
    const large = [2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), -(2n ** 63n)];
    const integers = [
      ...exact.map((value) => Long.fromNumber(value)),
      ...large.map((value) => Long.fromBigInt(value)),
    ];
    const time = new Timestamp({ t: 5, i: 1 });
    const [row] = walk([[{ nested: { integers, deeper: [{ id: Long.MAX_VALUE }], time } }]]).toRows();
    expect(row).toEqual({
      nested: { integers: [...exact, ...large], deeper: [{ id: 2n ** 63n - 1n }], time },
    });
  });

  it('tells doubles from integers', () => {
    const frame = walk([[{ double: new Double(1), int: 1 }]]);
    expect([frame.column('double').type, frame.column('int').type]).toEqual(['float64', 'int32']);
  });

  it('tells names of every length apart, wherever they differ', () => {
    const names = [
      '',
      'a',
      'b',
      'ab',
      'ac',
      'abc',
      'abd',
      'abcd',
      'abcde',
      'xbcde',
      'abcdefgh',
      'abcdxfgh',
      'abcdefghi',
    ];
    const inOrder = Object.fromEntries(names.map((name, i) => [name, i]));
    const turned = Object.fromEntries(names.map((name, i) => [name, i + 0.5]).toReversed());
    expect(
      walk([[inOrder, turned, inOrder, {}, { b: null, ab: 'text' }]])
        .toRows()
        .slice(0, 3),
    ).toEqual([inOrder, turned, inOrder]);
  });

  it('reads no further than the batch, for a shorter name at its end', () => {
    const rows = [
      { _id: 1, agents: 1 },
      { _id: 2, age: null },
    ];
    expect(walk([rows]).toRows()).toMatchObject(rows);
  });

  it('copes with fields in another order, missing ones and new ones', () => {
    const frame = walk([
      [
        { a: 1, b: 2 },
        { b: 3, a: 4 },
      ],
      [{ b: 5 }, {}, { c: 'x', ab: 6, a: 7 }],
    ]);
    expect(frame.toRows()).toEqual([
      { a: 1, b: 2, c: null, ab: null },
      { a: 4, b: 3, c: null, ab: null },
      { a: null, b: 5, c: null, ab: null },
      { a: null, b: null, c: null, ab: null },
      { a: 7, b: null, c: 'x', ab: 6 },
    ]);
  });

  it('skips fields of every type', () => {
    const skipped = {
      string: 'x',
      nested: { a: 1 },
      list: [1],
      bytes: Buffer.from('abc'),
      pattern: /a/i,
      code: new BSON.Code('x', { y: 1 }),
      plain: new BSON.Code('x'),
      symbol: new BSON.BSONSymbol('s'),
      reference: new BSON.DBRef('c', new ObjectId()),
      stamp: new BSON.Timestamp(5n),
      decimal: Decimal128.fromString('1'),
      min: new BSON.MinKey(),
      max: new BSON.MaxKey(),
      id: new ObjectId(),
      nothing: null,
      number: 1.5,
    };
    const frame = walk([[{ ...skipped, x: 1 }]], Object.keys(skipped));
    expect(frame.toRows()).toEqual([{ x: 1 }]);
  });
});
