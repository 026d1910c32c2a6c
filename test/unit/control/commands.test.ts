import { describe, expect, it } from 'vitest';
import { type ControlledWorker, commands, type RequestInfo } from '../../../src/control/commands.ts';
import { InvalidTaskError } from '../../../src/errors.ts';

function info(id: string): RequestInfo {
  const delivery_info = { exchange: '', routing_key: 'q', priority: 0, redelivered: false };
  const name = 'shop.add';
  return {
    ...{ id, name, type: name, args: '()', kwargs: '{}', hostname: 'w@h' },
    ...{ time_start: null, acknowledged: false, delivery_info, worker_pid: null },
  };
}

function worker(change: Partial<ControlledWorker> = {}): ControlledWorker {
  return {
    hostname: 'w@h',
    active: () => [info('running')],
    reserved: () => [info('waiting')],
    registered: () => ['shop.add'],
    queues: () => ['default'],
    stats: () => {
      throw new Error('not asked for here');
    },
    revoke: () => undefined,
    revoked: () => [],
    watch: () => undefined,
    shutdown: () => undefined,
    ...change,
  };
}

function run(name: string, args: Record<string, unknown> = {}, target = worker()): unknown {
  return commands.get(name)?.(target, args);
}

describe('remote control', () => {
  it('answers ping as Celery does', () => {
    expect(run('ping')).toEqual({ ok: 'pong' });
  });

  it('revokes one task or several', () => {
    const revoked: unknown[] = [];
    const target = worker({ revoke: (...call) => revoked.push(call) });
    expect(run('revoke', { task_id: 'a' }, target)).toEqual({ ok: "tasks {'a'} flagged as revoked" });
    expect(run('revoke', { task_id: ['a', 'b'], terminate: true }, target)).toEqual({
      ok: 'terminate: a, b',
    });
    expect(revoked).toEqual([
      [['a'], false],
      [['a', 'b'], true],
    ]);
  });

  it('refuses a task id that is no text', () => {
    expect(() => run('revoke', { task_id: { $ne: null } })).toThrow(InvalidTaskError);
  });

  it('finds tasks by id with their state and leaves out unknown ones', () => {
    expect(run('query_task', { ids: ['waiting', 'nowhere', 'running'] })).toEqual({
      running: ['active', info('running')],
      waiting: ['reserved', info('waiting')],
    });
  });

  it('describes its queues with every key that Celery and Flower read', () => {
    const [queue] = run('active_queues') as Record<string, unknown>[];
    expect(queue).toMatchObject({ name: 'default', routing_key: 'default', durable: true, no_ack: false });
    expect(queue).toHaveProperty('binding_arguments');
    expect(queue).toHaveProperty('exchange.type', 'direct');
  });
});
