import { expect, it } from 'vitest';
import type { Publication } from '../../../src/contract/transport.ts';
import { delayUntil, isDelayable } from '../../../src/protocol/delay.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const after = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

function publication(queue: string, change: Partial<Publication> = {}): Publication {
  const properties = { expiration: '5', correlationId: 'id', headers: { eta: 'x' } };
  return {
    exchange: '',
    routingKey: queue,
    body: Buffer.from('[]'),
    properties,
    unroutable: 'error',
    ...change,
  };
}

// Recorded: a countdown of 5 s, and a retry after 1 s (traffic-quorum-two-workers.json).
it.each([
  [5, '0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.1.celery'],
  [1, '0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.celery'],
  [1.999, '0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.celery'],
  [2 ** 28 - 1, `${'1.'.repeat(28)}celery`],
  [2 ** 40, `${'1.'.repeat(28)}celery`],
])('a delay of %d s has the routing key of Celery', (seconds, routingKey) => {
  const delayed = delayUntil(publication('celery'), after(seconds), NOW);
  expect(delayed).toMatchObject({ exchange: 'celery_delayed_27', routingKey });
});

it('leaves out the time to live and keeps everything else', () => {
  const { properties, body, unroutable } = delayUntil(publication('q'), after(3), NOW);
  expect(properties).toEqual({ correlationId: 'id', headers: { eta: 'x' } });
  expect({ body, unroutable }).toEqual({ body: Buffer.from('[]'), unroutable: 'error' });
});

it('replaces the delay of a message that was delayed before', () => {
  const delayed = delayUntil(publication('a.b'), after(1000), NOW);
  const again = delayUntil(delayed, after(1), NOW);
  expect(again.routingKey).toBe(delayUntil(publication('a.b'), after(1), NOW).routingKey);
});

it.each([
  ['no ETA', publication('q'), null],
  ['an ETA less than a second away', publication('q'), after(0.999)],
  ['an ETA that is past', publication('q'), after(-5)],
  ['an ETA that is no date', publication('q'), new Date(Number.NaN)],
  ['an exchange of its own', publication('q', { exchange: 'topic' }), after(5)],
  ['a queue whose name is too long', publication('q'.repeat(200)), after(5)],
])('leaves a publication with %s as it is', (_, original, eta) => {
  expect(delayUntil(original, eta, NOW)).toBe(original);
});

it('knows which names of queues have room for a delay', () => {
  expect(isDelayable('q'.repeat(199))).toBe(true);
  expect(isDelayable('ä'.repeat(100))).toBe(false);
});
