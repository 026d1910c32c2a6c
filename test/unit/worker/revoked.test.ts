import { expect, it } from 'vitest';
import { createRevokedTasks } from '../../../src/worker/revoked.ts';

it('remembers revoked ids', () => {
  const revoked = createRevokedTasks();
  revoked.add(['a']);
  expect(revoked.has('a')).toBe(true);
  expect(revoked.has('b')).toBe(false);
  expect(revoked.list()).toEqual(['a']);
});

it('forgets the oldest id beyond 50,000', () => {
  const revoked = createRevokedTasks();
  for (let i = 0; i <= 50_000; i += 1) revoked.add([`task-${i}`]);
  expect(revoked.has('task-0')).toBe(false);
  expect(revoked.has('task-1')).toBe(true);
  expect(revoked.list()).toHaveLength(50_000);
});

it('remembers revoked stamps, one by one', () => {
  const revoked = createRevokedTasks();
  revoked.addStamps({ customer: ['a', 'b'] });
  expect(revoked.hasStamps({ customer: 'b', other: 1 })).toBe(true);
  expect(revoked.hasStamps({ customer: ['x', 'a'] })).toBe(true);
  expect(revoked.hasStamps({ customer: 'c' })).toBe(false);
  expect(revoked.hasStamps({ other: 'a' })).toBe(false);
});
