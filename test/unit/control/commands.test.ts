import { describe, expect, it } from 'vitest';
import type { TaskManifest } from '../../../src/contract/ipc.ts';
import { createClock } from '../../../src/control/clock.ts';
import { NO_REPLY } from '../../../src/control/command.ts';
import { type ControlPolicy, runCommand } from '../../../src/control/commands.ts';
import type { ControlledWorker } from '../../../src/control/controlled-worker.ts';
import type { RequestInfo } from '../../../src/protocol/control-replies.ts';
import { readFixture } from '../../support/celery-fixtures.ts';

function info(id: string): RequestInfo {
  const delivery_info = { exchange: '', routing_key: 'q', priority: 0, redelivered: false };
  const name = 'shop.add';
  return {
    ...{ id, name, type: name, args: [], kwargs: {}, hostname: 'w@h' },
    ...{ time_start: null, acknowledged: false, delivery_info, worker_pid: null },
  };
}

function manifest(name: string): TaskManifest {
  return {
    ...{ name, softTimeLimit: null, timeLimit: null, rateLimit: null, trackStarted: null },
    ...{
      acksLate: true,
      acksOnFailureOrTimeout: true,
      ignoreResult: false,
      storeErrorsEvenIfIgnored: false,
      sendEvents: true,
    },
  };
}

/** A worker that notes what is done to it. */
function createWorker(change: Partial<ControlledWorker> = {}): {
  worker: ControlledWorker;
  calls: unknown[][];
} {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void calls.push([name, ...args]);
  const worker: ControlledWorker = {
    hostname: 'w@h',
    clock: createClock(),
    tasks: new Map([['shop.add', manifest('shop.add')]]),
    builtins: ['celery.map'],
    taskEvents: false,
    active: () => [info('running')],
    reserved: () => [info('waiting')],
    scheduled: () => [{ eta: '2026-01-01T00:00:00+00:00', priority: 6, request: info('later') }],
    queues: () => [],
    stats: () => {
      throw new RangeError('a defect');
    },
    settings: (withDefaults) => ({ all: withDefaults }),
    report: () => 'text',
    revoke: async (ids) => note('revoke')(ids),
    terminate(ids) {
      note('terminate')(ids);
      return ids.filter((id) => id === 'running');
    },
    revoked: () => ['old'],
    revokeStamped: async (stamps) => note('revokeStamped')(stamps),
    runningWith: () => new Map(),
    mergeRevoked: note('mergeRevoked'),
    addQueue: note('addQueue'),
    cancelQueue: note('cancelQueue'),
    resize: note('resize'),
    slots: 2,
    renew: note('renew'),
    autoscaler: null,
    beat: note('beat'),
    watch: note('watch'),
    shutdown: note('shutdown'),
    ...change,
  };
  return { worker, calls };
}

async function run(
  method: string,
  args: Record<string, unknown> = {},
  { worker } = createWorker(),
  policy: ControlPolicy = 'full',
): Promise<unknown> {
  return await runCommand(worker, method, args, policy);
}

/** What Celery's worker answered, in a recorded exchange. */
function recorded(name: string): unknown {
  const reply = readFixture('pidbox.json')[name]?.at(-1);
  return Object.values(reply?.body as Record<string, unknown>)[0];
}

describe('answers as Celery does', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['i_ping', 'ping', {}],
    ['c_rate_limit', 'rate_limit', { task_name: 'shop.add', rate_limit: '10/s' }],
    ['c_rate_limit_unknown', 'rate_limit', { task_name: 'nope', rate_limit: '10/s' }],
    ['c_rate_limit_off', 'rate_limit', { task_name: 'shop.add', rate_limit: 0 }],
    ['c_time_limit', 'time_limit', { task_name: 'shop.add', hard: 60, soft: 30 }],
    ['c_add_consumer', 'add_consumer', { queue: 'extra', exchange: null, exchange_type: 'direct' }],
    ['c_cancel_consumer', 'cancel_consumer', { queue: 'extra' }],
    ['c_pool_grow', 'pool_grow', { n: 1 }],
    ['c_pool_shrink', 'pool_shrink', { n: 1 }],
    ['c_autoscale', 'autoscale', { max: 3, min: 1 }],
    ['c_disable_events', 'disable_events', {}],
    ['c_revoke', 'revoke', { task_id: 'x1', terminate: false, signal: null }],
    ['c_revoke_terminate_unknown', 'revoke', { task_id: 'x1', terminate: true, signal: 'SIGTERM' }],
    ['c_revoke_by_headers', 'revoke_by_stamped_headers', { headers: { m: ['1'] }, signal: null }],
    ['c_unknown', 'nosuch', {}],
  ])('%s', async (fixture, method, args) => {
    expect(await run(method, args)).toEqual(recorded(fixture));
  });
});

it('finds tasks by id with their state and leaves out unknown ones', async () => {
  expect(await run('query_task', { ids: ['waiting', 'nowhere', 'running', 'later'] })).toEqual({
    running: ['active', info('running')],
    waiting: ['reserved', info('waiting')],
    later: ['scheduled', info('later')],
  });
});

it('tells a worker that starts what is revoked, takes over what that one knows, and answers itself nothing', async () => {
  const target = createWorker();
  expect(await run('hello', { from_node: 'other@h', revoked: ['x'] }, target)).toEqual({
    revoked: ['old'],
    clock: 1,
  });
  expect(await run('hello', { from_node: 'old@h', revoked: { y: 1.5 } }, target)).toMatchObject({ clock: 2 });
  expect(target.calls).toEqual([
    ['mergeRevoked', ['x']],
    ['mergeRevoked', ['y']],
  ]);
  expect(await run('hello', { from_node: 'w@h' })).toBeNull();
});

it('lists registered tasks with the attributes that are set', async () => {
  const target = createWorker();
  expect(await run('registered', { taskinfoitems: null, builtins: true }, target)).toEqual([
    'celery.map',
    'shop.add',
  ]);
  await run('rate_limit', { task_name: 'shop.add', rate_limit: '5/m' }, target);
  expect(await run('registered', {}, target)).toEqual(['shop.add [rate_limit=5/m]']);
  expect(await run('registered', { taskinfoitems: ['name', 'acks_late', '__proto__'] }, target)).toEqual([
    'shop.add [name=shop.add acks_late=True]',
  ]);
});

it('changes the limits of a task', async () => {
  const target = createWorker();
  await run('time_limit', { task_name: 'shop.add', hard: 60, soft: null }, target);
  await run('rate_limit', { task_name: 'shop.add', rate_limit: 7 }, target);
  expect(target.worker.tasks.get('shop.add')).toMatchObject({
    timeLimit: 60,
    softTimeLimit: null,
    rateLimit: '7/s',
  });
});

it('revokes several tasks, and ends those that run when asked to', async () => {
  const target = createWorker();
  expect(await run('revoke', { task_id: ['a', 'b'] }, target)).toEqual({
    ok: "tasks {'a', 'b'} flagged as revoked",
  });
  expect(await run('terminate', { task_id: ['running', 'a'], signal: 'KILL' }, target)).toEqual({
    ok: 'terminate: running',
  });
  expect(target.calls).toEqual([
    ['revoke', ['a', 'b']],
    ['terminate', ['running', 'a']],
    ['revoke', ['running', 'a']],
  ]);
});

it('ends the running tasks with a stamp, from an object or from name=value', async () => {
  const runningWith = () => new Map([['running', { m: ['1'] }]]);
  const target = createWorker({ runningWith });
  expect(
    await run('revoke_by_stamped_headers', { headers: ['m=1', 'm=2'], terminate: true }, target),
  ).toEqual({ ok: "headers {'m': {'1'}} revoked" });
  expect(target.calls).toEqual([
    ['revokeStamped', { m: ['1', '2'] }],
    ['terminate', ['running']],
  ]);
});

it('switches task events on and off, and says when they are already', async () => {
  const target = createWorker();
  expect(await run('enable_events', {}, target)).toEqual({ ok: 'task events enabled' });
  expect(await run('enable_events', {}, target)).toEqual({ ok: 'task events already enabled' });
  expect(target.worker.taskEvents).toBe(true);
  expect(await run('disable_events', {}, target)).toEqual({ ok: 'task events disabled' });
});

it('scales within the range of the autoscaler, which forbids other changes of the slots', async () => {
  const scaled: unknown[] = [];
  const stats = { max: 4, min: 1, current: 2, qty: 0 };
  const target = createWorker({ autoscaler: { stats, scale: (range) => void scaled.push(range) } });
  expect(await run('autoscale', { max: 6, min: null }, target)).toEqual({ ok: 'autoscale now max=6 min=1' });
  expect(scaled).toEqual([{ most: 6, fewest: 1 }]);
  expect(await run('pool_grow', { n: 1 }, target)).toMatchObject({ error: /not supported with autoscale/ });
});

it('adds a queue behind an exchange of another name', async () => {
  const target = createWorker();
  const args = { queue: 'q', exchange: 'e', exchange_type: 'topic', routing_key: 'k.#' };
  await run('add_consumer', args, target);
  expect(target.calls).toEqual([
    ['addQueue', { name: 'q', exchange: 'e', exchangeType: 'topic', routingKey: 'k.#' }],
  ]);
});

it('starts the pool again, whichever modules are named', async () => {
  const target = createWorker();
  expect(await run('pool_restart', { modules: ['x'], reload: true }, target)).toEqual({
    ok: 'reload started',
  });
  expect(target.calls).toEqual([['renew']]);
});

it('sends no reply to a shutdown', async () => {
  const target = createWorker();
  expect(await run('shutdown', {}, target)).toBe(NO_REPLY);
  expect(target.calls).toEqual([['shutdown']]);
});

it.each([
  'shutdown',
  'pool_grow',
  'pool_shrink',
  'pool_restart',
  'autoscale',
  'add_consumer',
  'cancel_consumer',
])('a guarded worker refuses %s', async (method) => {
  const target = createWorker();
  expect(await run(method, { queue: 'q', n: 1 }, target, 'guarded')).toMatchObject({
    error: expect.stringContaining('guarded'),
  });
  expect(target.calls).toEqual([]);
});

it('sends results to no queue but that of a client', async () => {
  const target = createWorker();
  const client = 'a1b2c3d4-0000-4000-8000-0123456789ab';
  await run('watch', { task_id: 'a', reply_to: client }, target);
  for (const queue of ['default', `${client}.dead`, '']) {
    const answer = await run('watch', { task_id: 'a', reply_to: queue }, target);
    expect(answer).toEqual({ error: expect.any(String) });
  }
  expect(target.calls).toEqual([['watch', 'a', client]]);
});

describe('a wrong request is answered with an error', () => {
  it.each<[string, Record<string, unknown>]>([
    ['revoke', { task_id: { $ne: null } }],
    ['revoke', { task_id: 'a', signal: 'NOSUCH' }],
    ['revoke', { task_id: Array.from({ length: 10_001 }, (_, i) => `${i}`) }],
    ['revoke', { task_id: 'x'.repeat(2_000) }],
    ['revoke_by_stamped_headers', { headers: 5 }],
    ['revoke_by_stamped_headers', { headers: ['no-pair'] }],
    ['query_task', { ids: 5 }],
    ['hello', {}],
    ['time_limit', { task_name: 'shop.add', soft: -1 }],
    ['time_limit', { task_name: 5 }],
    ['rate_limit', { task_name: 'shop.add', rate_limit: 'often' }],
    ['rate_limit', { task_name: 'shop.add', rate_limit: { toString: 'x' } }],
    ['pool_grow', { n: 'many' }],
    ['pool_grow', { n: 1e9 }],
    ['pool_shrink', { n: 2 }],
    ['add_consumer', {}],
    ['add_consumer', { queue: 'q', exchange_type: 'x-custom' }],
    ['cancel_consumer', { queue: null }],
    ['watch', { task_id: 'a' }],
    ['memdump', {}],
    ['objgraph', { type: 'Request' }],
    ['stats', {}],
    ['__proto__', {}],
    ['constructor', {}],
  ])('%s %j', async (method, args) => {
    const target = createWorker();
    expect(await run(method, args, target)).toEqual({ error: expect.any(String) });
    expect(target.calls).toEqual([]);
  });
});
