import { describe, expect, it } from 'vitest';
import { readSentTime, sentTime } from '../../../src/protocol/sent-time.ts';

describe('the time at which a message was sent', () => {
  it('is read as it was written, to the millisecond', () => {
    const { property, header } = sentTime(new Date(1_767_225_600_123));
    expect(property).toEqual({ timestamp: 1_767_225_600 });
    expect(readSentTime({ ...property, headers: header })).toBe(1_767_225_600_123);
  });

  it('is that of the AMQP property where there is no header', () => {
    expect(readSentTime({ timestamp: 1_767_225_600 })).toBe(1_767_225_600_000);
  });

  it.each([{ timestamp_in_ms: 'yesterday' }, { timestamp_in_ms: -1 }, { timestamp_in_ms: Number.NaN }, {}])(
    'is unknown where the message says %j',
    (headers) => {
      expect(readSentTime({ headers })).toBeNull();
    },
  );
});
