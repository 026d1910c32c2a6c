import { describe, expect, it } from 'vitest';
import {
  bareDeadLetter,
  deadLetter,
  deadQueueOf,
  readDeath,
  revivedMessage,
} from '../../../src/protocol/dead-letter.ts';
import { withoutSentTime } from '../../support/celery-fixtures.ts';

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
    'x-omega-time': expect.any(String),
  });
});

it('a dead letter says since when it is dead, of which queue, and why', () => {
  const time = new Date('2026-01-31T12:00:00.000Z');
  expect(readDeath(deadLetter(raw, 'celery', 'poison', time))).toEqual({
    reason: 'poison',
    queue: 'celery',
    time,
  });
});

it('what somebody else has put there says nothing of its death', () => {
  expect(readDeath({ properties: { headers: { 'x-omega-time': 'yesterday', 'x-omega-queue': 5 } } })).toEqual(
    {
      ...{ reason: null, queue: null, time: null },
    },
  );
});

it('revived, it is the message that it was, sent now, on its way to its queue', () => {
  const { exchange, routingKey, properties, body } = revivedMessage(
    deadLetter(raw, 'celery', 'poison'),
    'celery',
  );
  expect({ exchange, routingKey, body }).toEqual({ exchange: '', routingKey: 'celery', body: raw.body });
  expect(withoutSentTime(properties).headers).toEqual({ id: 'a', long: 'a'.repeat(300), list: [1], n: 5 });
});

it.each([
  ['celery', 'celery.dead'],
  ['a'.repeat(250), `${'a'.repeat(250)}.dead`],
  ['a'.repeat(255), `${'a'.repeat(250)}.dead`],
  ['é'.repeat(127), `${'?'.repeat(250)}.dead`],
])('the dead queue of %s has a name that the broker takes', (queue, name) => {
  expect(deadQueueOf(queue)).toBe(name);
});
