import { describe, expect, it } from 'vitest';
import { makeReadable } from '../../../src/broker/header-guard.ts';
import { longText, nestedTable, tableField } from '../../support/message-sender.ts';

/** A content header frame with a content type and this table. */
function headerFrame(table: Buffer): Buffer {
  const type = Buffer.from('\x10application/json');
  const head = Buffer.alloc(7);
  head.writeUInt8(2, 0);
  head.writeUInt32BE(12 + 2 + type.length + 4 + table.length, 3);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(table.length);
  return Buffer.concat([
    head,
    Buffer.alloc(12),
    Buffer.from([0xa0, 0]),
    type,
    length,
    table,
    Buffer.of(0xce),
  ]);
}

/** The table of a frame that has been made readable. */
function corrected(table: Buffer): Buffer {
  const frame = headerFrame(table);
  makeReadable(frame);
  return frame.subarray(-1 - table.length, -1);
}

describe('makeReadable', () => {
  it('gives long integers of Python clients the tag that amqplib knows', () => {
    const value = Buffer.alloc(8, 1);
    const text = tableField('L', 'S', longText('L is a letter'));
    const table = Buffer.concat([text, tableField('n', 'L', value)]);
    expect(corrected(table)).toEqual(Buffer.concat([text, tableField('n', 'l', value)]));
  });

  it('finds them in tables and lists', () => {
    const item = Buffer.concat([Buffer.from('L'), Buffer.alloc(8)]);
    const list = tableField('list', 'A', Buffer.concat([Buffer.from([0, 0, 0, item.length]), item]));
    const table = tableField('table', 'F', Buffer.concat([Buffer.from([0, 0, 0, list.length]), list]));
    expect(corrected(table).includes('L')).toBe(false);
  });

  it('leaves what is readable as it is', () => {
    const table = Buffer.concat([
      tableField('a', 'I', Buffer.alloc(4)),
      tableField('b', 'V', Buffer.alloc(0)),
      tableField('c', 't', Buffer.of(1)),
      tableField('d', 'D', Buffer.alloc(5)),
    ]);
    expect(corrected(table)).toEqual(table);
    expect(corrected(nestedTable(30))).toEqual(nestedTable(30));
  });

  it('ends nesting that no reader would survive', () => {
    const tags = corrected(nestedTable(20_000)).filter((_, at) => at % 6 === 1);
    expect(tags.indexOf(0x78)).toBe(31);
  });

  it('waits for a frame that is not there whole, and passes over others', () => {
    const frame = headerFrame(tableField('n', 'L', Buffer.alloc(8)));
    for (const part of [frame.subarray(0, 20), Buffer.alloc(3), Buffer.from([1, 0, 0, 0, 0, 0, 0, 0xce])]) {
      const copy = Buffer.from(part);
      makeReadable(copy);
      expect(copy).toEqual(part);
    }
  });
});
