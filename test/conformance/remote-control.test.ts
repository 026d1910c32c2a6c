import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { readFixture } from '../support/celery-fixtures.ts';
import { runPython, startPython } from '../support/celery-process.ts';
import { useControl } from '../support/control.ts';
import { usePlace, useTrace, useWorker } from '../support/worker.ts';

interface Ended {
  readonly status: number;
  readonly value?: unknown;
}

/** Inspect commands, and the recorded reply of a Python worker whose form ours must have. */
const INSPECT: readonly (readonly [fixture: string, ...line: string[]])[] = [
  ['i_ping', 'inspect', 'ping'],
  ['i_active', 'inspect', 'active'],
  ['i_reserved', 'inspect', 'reserved'],
  ['i_scheduled', 'inspect', 'scheduled'],
  ['i_registered', 'inspect', 'registered'],
  ['i_active_queues', 'inspect', 'active_queues'],
  ['i_revoked', 'inspect', 'revoked'],
  ['i_stats', 'inspect', 'stats'],
  ['i_report', 'inspect', 'report'],
  ['i_clock', 'inspect', 'clock'],
  ['i_memsample', 'inspect', 'memsample'],
];

/** Control commands; the reply is that of a Python worker. */
const CONTROL: readonly (readonly [fixture: string, ...line: string[]])[] = [
  ['c_rate_limit', 'control', 'rate_limit', 'test.add', '10/s'],
  ['c_rate_limit_unknown', 'control', 'rate_limit', 'nope', '10/s'],
  ['c_rate_limit_off', 'control', 'rate_limit', 'test.add', '0'],
  ['c_time_limit', 'control', 'time_limit', 'test.add', '30', '60'],
  ['c_add_consumer', 'control', 'add_consumer', 'extra'],
  ['c_cancel_consumer', 'control', 'cancel_consumer', 'extra'],
  ['c_pool_grow', 'control', 'pool_grow', '1'],
  ['c_pool_shrink', 'control', 'pool_shrink', '1'],
  ['c_autoscale', 'control', 'autoscale', '3', '1'],
  ['c_enable_events2', 'control', 'enable_events'],
  ['c_heartbeat', 'control', 'heartbeat'],
  ['c_revoke', 'control', 'revoke', 'x1'],
  ['c_revoke_terminate_unknown', 'control', 'terminate', 'SIGTERM', 'x9'],
];

/** Keys of a Python worker's replies that mean nothing here. */
const PYTHON_ONLY = new Set(['avg', 'all', 'raw', 'total', 'failover_strategy', 'connect_timeout']);

it('celery inspect and control get from our worker what a Python worker answers', async () => {
  const place = usePlace();
  const trace = useTrace();
  const worker = await useWorker(place, ['-E']);
  const { node, om } = await useControl(place);
  const handle = om.runtime.send('test.note', [], { path: trace.path, text: 'done', seconds: 60 });
  await until(
    async () =>
      Object.values(await om.runtime.control.inspect({ destination: [node] }).active()).flat().length > 0,
  );

  const lines = [...INSPECT, ...CONTROL].map(([, ...line]) => line);
  const extra = [
    ['inspect', 'query_task', handle.id],
    ['inspect', 'conf'],
    ['control', 'terminate', 'KILL', handle.id],
  ];
  const answers = await ask(place.broker, node, [...lines, ...extra]);

  for (const [i, [fixture]] of INSPECT.entries())
    expect([fixture, missing(recorded(fixture), answers[i]?.value)]).toEqual([fixture, []]);
  const told = answers.slice(INSPECT.length, lines.length).map(({ value }) => value);
  expect(told).toEqual(CONTROL.map(([fixture]) => recorded(fixture)));
  const [found, conf, ended] = answers.slice(lines.length).map(({ value }) => value);
  expect(found).toMatchObject({ [handle.id]: ['active', { name: 'test.note', acknowledged: false }] });
  expect(conf).toMatchObject({
    worker_send_task_events: true,
    broker_url: expect.stringContaining(':********@'),
  });
  expect(ended).toEqual({ ok: `terminate: ${handle.id}` });
  await expect(handle.get()).rejects.toThrow('terminated');
  expect(worker.process.exitCode).toBeNull();
});

it('celery status and celery events see our worker, and shutdown stops it', async () => {
  const place = usePlace();
  const worker = await useWorker(place, ['-E', '--heartbeat-interval', '0.5']);
  const { node, om } = await useControl(place);
  const dump = startPython(['-m', 'celery', '-b', place.broker, 'events', '--dump']);
  await until(() => dump.lines.some((line) => line.includes(node) && line.includes('heartbeat')), 25_000);
  const { id } = om.runtime.send('test.add', [], { x: 1, y: 2 });
  await until(() => dump.lines.some((line) => line.includes('task succeeded') && line.includes(id)), 15_000);
  expect(dump.lines.some((line) => line.includes('task received: test.add') && line.includes(id))).toBe(true);

  const status = await runPython(['-m', 'celery', '-b', place.broker, 'status', '-t', '3']);
  expect(status).toContain(`${node}: OK`);
  await runPython(['-m', 'celery', '-b', place.broker, 'control', '-d', node, '-t', '0.2', 'shutdown']);
  await until(() => worker.process.exitCode !== null, 15_000);
  expect(worker.process.exitCode).toBe(0);
  await until(() => dump.lines.some((line) => line.includes(node) && line.includes('shutdown')), 10_000);
}, 90_000);

it('a Python worker that starts beside ours is told what is revoked', async () => {
  const place = usePlace();
  await useWorker(place);
  const { node, om } = await useControl(place);
  const revoked = randomUUID();
  await om.runtime.control.tell({ destination: [node] }).revoke(revoked);
  const python = `py-${randomUUID().slice(0, 8)}@test`;
  const args = [
    '-A',
    'beat_app',
    'worker',
    '-P',
    'solo',
    '-Q',
    `${place.queue}-py`,
    '-n',
    python,
    '-l',
    'info',
  ];
  const started = startPython(['-m', 'celery', ...args], {
    OMEGA_BROKER: place.broker,
    TRACE: '',
    QUEUE: '',
  });
  await until(() => started.lines.some((line) => line.includes('ready.')), 40_000);
  expect(started.lines.filter((line) => /sync with [1-9]\d* nodes|sync complete/.test(line))).toHaveLength(2);
  expect(started.lines.filter((line) => /ERROR|CRITICAL|Traceback/.test(line))).toEqual([]);
  const known = await om.runtime.control.inspect({ destination: [python] }).revoked();
  expect(known).toEqual({ [python]: expect.arrayContaining([revoked]) });
}, 90_000);

async function ask(broker: string, node: string, lines: readonly (readonly string[])[]): Promise<Ended[]> {
  return JSON.parse(await runPython(['remote_control.py', broker, node], JSON.stringify(lines)));
}

function recorded(name: string): unknown {
  const reply = readFixture('pidbox.json')[name]?.at(-1);
  return Object.values(reply?.body as Record<string, unknown>)[0];
}

/** Paths of what is in the expected reply and not, or of another type, in the actual one. */
function missing(expected: unknown, actual: unknown, path = ''): string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [path];
    return actual.flatMap((item) => missing(expected[0], item, `${path}[]`));
  }
  if (typeof expected !== 'object' || expected === null) return sameType(expected, actual) ? [] : [path];
  if (typeof actual !== 'object' || actual === null) return [path];
  // The names of tasks, stats' totals, differ.
  if (path === '.total') return [];
  const values = new Map(Object.entries(actual));
  return Object.entries(expected)
    .filter(([key]) => !(path.startsWith('.pool') || path.startsWith('.broker')) || !PYTHON_ONLY.has(key))
    .flatMap(([key, value]) =>
      values.has(key) ? missing(value, values.get(key), `${path}.${key}`) : [`${path}.${key}`],
    );
}

/** What is null in one of two replies may have a value in the other one. */
function sameType(expected: unknown, actual: unknown): boolean {
  return expected === null || actual === null || typeof expected === typeof actual;
}
