import { describe, expect, it } from 'vitest';
import { bareDeadLetter, deadLetter, deadQueueOf } from '../../../src/protocol/dead-letter.ts';

const raw = {
  body: Buffer.from([0xff, 0x00]),
  properties: {
    contentType: 'application/json',
    correlationId: 'c',
    priority: 3,
    expiration: '0',
    deliveryMode: 1 as const,
    headers: {
      id: 'a',
      'x-death': [{ count: 1 }],
      CC: ['elsewhere'],
      long: 'a'.repeat(300),
      list: [1],
      n: 5,
    },
  },
};

describe('deadLetter', () => {
  it('is the message, kept on disk, with the reason and its queue', () => {
    const { properties, ...letter } = deadLetter(raw, 'celery', 'r'.repeat(5_000));
    expect(letter).toMatchObject({ exchange: '', routingKey: 'celery.dead', body: raw.body, relayed: true });
    expect(properties).toMatchObject({
      contentType: 'application/json',
      correlationId: 'c',
      priority: 3,
      deliveryMode: 2,
    });
    expect(properties.headers).toMatchObject({ id: 'a', list: [1], 'x-omega-queue': 'celery' });
    expect(properties.headers?.['x-omega-reason']).toHaveLength(1_000);
  });

  it('neither expires nor goes anywhere else', () => {
    const { properties } = deadLetter(raw, 'celery', 'reason');
    expect(properties).not.toHaveProperty('expiration');
    expect(Object.keys(properties.headers ?? {})).not.toContain('CC');
    expect(Object.keys(properties.headers ?? {})).not.toContain('x-death');
  });
});

it('a bare dead letter keeps the body and what is short', () => {
  const { body, properties } = bareDeadLetter(raw, 'celery', 'reason');
  expect(body).toBe(raw.body);
  expect(properties.headers).toEqual({
    id: 'a',
    n: 5,
    'x-omega-reason': 'reason',
    'x-omega-queue': 'celery',
  });
});

it.each([
  ['celery', 'celery.dead'],
  ['a'.repeat(250), `${'a'.repeat(250)}.dead`],
  ['a'.repeat(255), `${'a'.repeat(250)}.dead`],
  ['é'.repeat(127), `${'?'.repeat(250)}.dead`],
])('the dead queue of %s has a name that the broker takes', (queue, name) => {
  expect(deadQueueOf(queue)).toBe(name);
});
