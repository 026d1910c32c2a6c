import { expect, it } from 'vitest';
import type { TaskId } from '../../../src/contract/job.ts';
import type { Revocation, Revocations } from '../../../src/ledger/revoked.ts';
import { createLogger } from '../../../src/logger.ts';
import { createRevokedTasks, type RevokedTasks } from '../../../src/worker/revoked.ts';

/** What is written down, in memory. */
function memory(): Revocations & { readonly entries: Revocation[] } {
  const entries: Revocation[] = [];
  return {
    entries,
    add: async (revocations) => void entries.push(...revocations),
    recent: async (most) => entries.slice(-most),
  };
}

function remembering(store: Revocations = memory()): RevokedTasks {
  return createRevokedTasks(store, createLogger({ level: 'fatal', pretty: false }));
}

function message(taskId: string, stamps: Readonly<Record<string, unknown>> = {}) {
  return { taskId: taskId as TaskId, stamps };
}

it('remembers revoked ids at once', () => {
  const revoked = remembering();
  void revoked.add(['a']);
  expect(revoked.has(message('a'))).toBe(true);
  expect(revoked.has(message('b'))).toBe(false);
  expect(revoked.list()).toEqual(['a']);
});

it('forgets the oldest id beyond 50,000', () => {
  const revoked = remembering();
  for (let i = 0; i <= 50_000; i += 1) revoked.merge([`task-${i}`]);
  expect(revoked.has(message('task-0'))).toBe(false);
  expect(revoked.has(message('task-1'))).toBe(true);
  expect(revoked.list()).toHaveLength(50_000);
});

it('revokes by any value of a stamp, as the number and as the text', () => {
  const revoked = remembering();
  void revoked.addStamps({ customer: ['7', 'x'], batch: 12 });
  expect(revoked.has(message('a', { customer: 7 }))).toBe(true);
  expect(revoked.has(message('b', { customer: ['y', 'x'] }))).toBe(true);
  expect(revoked.has(message('c', { batch: '12' }))).toBe(true);
  expect(revoked.has(message('d', { customer: 'y', other: 'x' }))).toBe(false);
});

it('takes stamps for what they are, whatever they are called', () => {
  const revoked = remembering();
  void revoked.addStamps(JSON.parse('{"__proto__": ["x"], "deep": [{"a": 1}, null]}'));
  expect(revoked.has(message('a', JSON.parse('{"__proto__": "x"}')))).toBe(true);
  expect(revoked.has(message('b', { deep: null }))).toBe(false);
  expect(revoked.has(message('c'))).toBe(false);
});

it('knows after a restart what was revoked before, but not what another worker told', async () => {
  const store = memory();
  const before = remembering(store);
  await before.add(['a']);
  await before.addStamps({ customer: '7' });
  before.merge(['told']);
  const after = remembering(store);
  await after.load();
  expect(after.list()).toEqual(['a']);
  expect(after.has(message('b', { customer: '7' }))).toBe(true);
});

it('goes on without its store', async () => {
  const broken: Revocations = {
    add: () => Promise.reject(new Error('no MongoDB')),
    recent: () => Promise.reject(new Error('no MongoDB')),
  };
  const revoked = remembering(broken);
  await revoked.load();
  await revoked.add(['a']);
  expect(revoked.has(message('a'))).toBe(true);
});
