import { expect, it } from 'vitest';
import { copyReason } from '../../../src/protocol/copy.ts';
import { isParkable, parkedCopy, parkedQueueOf, taskQueueOf } from '../../../src/protocol/parked.ts';

it('a parked copy is the message, returns in its time, and says what it is', () => {
  const body = Buffer.from('[[], {}, {}]');
  const properties = {
    expiration: '5',
    priority: 3,
    headers: { id: 'a', 'x-death': [{}], 'x-omega-copy': 'eta', traceparent: '00' },
  };
  const copy = parkedCopy({ body, properties }, 'shop', 60_000);
  expect(copy).toMatchObject({ exchange: '', routingKey: 'shop.omega.parked', body, unroutable: 'error' });
  expect(copy.properties).toEqual({
    ...{ expiration: '60000', priority: 3, deliveryMode: 2 },
    headers: { id: 'a', traceparent: '00', 'x-omega-copy': 'parked' },
  });
  expect(copyReason({ headers: copy.properties.headers ?? {} })).toBe('parked');
});

it('the copies of a queue return to it', () => {
  expect(taskQueueOf(parkedQueueOf('größe'))).toBe('größe');
});

it.each([
  [242, true],
  [243, false],
])('a queue name of %i bytes leaves room for its parked queue: %s', (length, expected) => {
  expect(isParkable('q'.repeat(length))).toBe(expected);
});
