import { BSON } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { Double, Long, ObjectId } from '../../../src/mongo/bson.ts';
import { DocumentWriter, encodeKey } from '../../../src/mongo/document-writer.ts';

const ID = new ObjectId();

describe('a document writer', () => {
  it('writes what the driver writes, whatever room it began with', () => {
    const writer = new DocumentWriter(1);
    writer.begin();
    writer.objectId(encodeKey('_id'), ID.id);
    writer.double(encodeKey('ü'), 3);
    writer.int32(encodeKey('i'), -7);
    writer.int64(encodeKey('wide'), -5_000_000_000);
    writer.int64(encodeKey('big'), 2n ** 62n + 1n);
    writer.date(encodeKey('past'), -1);
    writer.date(encodeKey('far'), 1.7e12 + 0.5);
    writer.boolean(encodeKey('yes'), true);
    writer.null(encodeKey('none'));
    writer.string(encodeKey('s'), 'añ€😀\0z');
    writer.value('o', [{ a: undefined }, 'x']);
    const length = writer.end();
    const document = {
      ...{ _id: ID, ü: new Double(3), i: -7, wide: Long.fromNumber(-5_000_000_000) },
      ...{ big: Long.fromBigInt(2n ** 62n + 1n), past: new Date(-1), far: new Date(1.7e12) },
      ...{ yes: true, none: null, s: 'añ€😀\0z', o: [{ a: null }, 'x'] },
    };
    expect(Buffer.from(writer.bytes)).toEqual(
      Buffer.from(BSON.serialize(document, { ignoreUndefined: false })),
    );
    expect(writer.length).toBe(length);
  });

  it('writes one document after the other', () => {
    const writer = new DocumentWriter(1);
    for (const text of ['a', 'bb']) {
      writer.begin();
      writer.string(encodeKey('s'), text);
      writer.end();
    }
    const [one, two] = ['a', 'bb'].map((s) => BSON.serialize({ s }));
    expect(Buffer.from(writer.bytes)).toEqual(
      Buffer.concat([one ?? [], two ?? []].map((part) => Buffer.from(part))),
    );
  });
});
