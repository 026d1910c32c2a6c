import { expect, it } from 'vitest';
import { capExceptions, capQueues } from '../../../src/metrics/cardinality.ts';

const NAMES = Array.from({ length: 10_000 }, (_, n) => `name ${n}`);

it('fifty exceptions have their names, the others are one; a long name is no name', () => {
  const exceptions = capExceptions();
  expect(exceptions.of('x'.repeat(101))).toBe('other');
  const labels = NAMES.map((name) => exceptions.of(name));
  expect(new Set(labels).size).toBe(51);
  expect([exceptions.of('name 0'), exceptions.of('name 50')]).toEqual(['name 0', 'other']);
});

it('queues that are expected have their names, however many there are of others', () => {
  const queues = capQueues();
  for (const name of NAMES) queues.of(name);
  queues.expect(['celery']);
  expect(queues.of('celery')).toBe('celery');
  expect(new Set(NAMES.map((name) => queues.of(name))).size).toBe(21);
});
