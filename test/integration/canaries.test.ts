import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { connect, type Omega } from '../../src/omega.ts';
import { malformed } from '../fixtures/malformed/message.ts';
import { until } from '../support/broker-harness.ts';
import {
  commandLine,
  dumpDatabase,
  environmentOf,
  listen,
  Outputs,
  plantCanaries,
  runOmega,
} from '../support/canaries.ts';
import { again, quoting } from '../support/execution-tasks.ts';
import { useMessageSender } from '../support/message-sender.ts';
import { notebookOf } from '../support/notebooks.ts';
import { type PrivateBroker, startPrivateBroker } from '../support/private-broker.ts';
import { pythonPath } from '../support/python.ts';
import { mongoUrl } from '../support/services.ts';
import { type TestWorker, useTrace, useWorker } from '../support/worker.ts';

const QUEUE = 'canaries';
const TASKS = resolve('dist/test/support/execution-tasks.js');
const canaries = plantCanaries();
const outputs = new Outputs();
let privateBroker: PrivateBroker;
let admin: Mongo;

/** With the passwords in them. */
let urls: Readonly<Record<'broker' | 'mongo' | 'backend', string>>;

beforeAll(async () => {
  privateBroker = await startPrivateBroker();
  privateBroker.control('add_user', 'me', canaries.broker);
  privateBroker.control('set_permissions', 'me', '.*', '.*', '.*');
  admin = await connectMongo(mongoUrl('canaries'));
  await admin.db.dropDatabase();
  await admin.db.command({ dropAllUsersFromDatabase: 1 });
  for (const [user, pwd] of Object.entries({ me: canaries.mongo, results: canaries.backend })) {
    await admin.db.command({ createUser: user, pwd, roles: ['readWrite'] });
  }
  const withLogin = (login: string) => {
    const url = new URL(mongoUrl('canaries'));
    url.searchParams.set('authSource', admin.db.databaseName);
    return url.href.replace('mongodb://', `mongodb://${login}@`);
  };
  urls = {
    broker: `amqp://me:${canaries.broker}@127.0.0.1:${privateBroker.port}//`,
    mongo: withLogin(`me:${canaries.mongo}`),
    backend: withLogin(`results:${canaries.backend}`),
  };
}, 180_000);

afterAll(async () => {
  await admin.db.command({ dropAllUsersFromDatabase: 1 });
  await admin.db.dropDatabase();
  await admin.close();
  await privateBroker.stop();
});

/** Sets the variables for the worker and for the command line; two URLs are in files. */
function plantSettings(): void {
  const folder = mkdtempSync(join(tmpdir(), 'omega-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = { OMEGA_BROKER_FILE: urls.broker, OMEGA_RESULT_BACKEND_FILE: urls.backend };
  for (const [name, value] of Object.entries(files)) {
    writeFileSync(join(folder, name), `${value}\n`);
    vi.stubEnv(name, join(folder, name));
  }
  const values = {
    ...{ OMEGA_MONGO_URL: urls.mongo, OMEGA_WORKER_LABEL: QUEUE, OMEGA_RESULT_EXTENDED: 'on' },
    ...{ OMEGA_SECURITY_KEY_PASSWORD: canaries.keyPassword, SHOP_TOKEN: canaries.environment },
    ...{ OMEGA_TASK_SEND_SENT_EVENT: 'on', OMEGA_PYTHON: pythonPath() },
  };
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
}

/** Arguments with secrets in them, beside those that the task needs. */
function secretive(kwargs: object): Readonly<Record<string, unknown>> {
  return {
    ...kwargs,
    __auth: ['me', canaries.auth, 'a'],
    password: canaries.password,
    api_token: canaries.token,
    connection: { host: 'db', credentials: { value: canaries.nested } },
  };
}

const secretiveArgs = [{ authorization: `Bearer ${canaries.positional}` }];

/** Tasks of every ending. */
async function runTasks(om: Omega, path: string): Promise<void> {
  const send = (name: string, kwargs: object, args: readonly unknown[] = []) =>
    om.runtime.send(name, args, secretive(kwargs));
  const failing = [
    send('test.add', { x: 'one' }),
    send('nobody.knows', {}, secretiveArgs),
    send('test.echo', {}, [...secretiveArgs, 'too', 'many']),
    send('omegaml.tasks.omega_ping', { exception: true }, secretiveArgs),
    send('omegaml.backend.package.tasks.runtime', {}),
    send(quoting.name, { url: `amqp://me:${canaries.url}@nowhere/v` }),
  ];
  const succeeding = [
    send('test.add', { x: 1, y: 2 }),
    send(again.name, { path, times: 1, countdown: 0.2, password: canaries.retried }),
    send('test.note', { path, text: 'noted', seconds: 0 }),
  ];
  for (const [index, handle] of succeeding.entries())
    outputs.add(`result ${index}`, await handle.get({ timeout: 60_000 }));
  for (const handle of failing) {
    const error: unknown = await handle.get({ timeout: 60_000 }).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(Error);
    outputs.add('errors of calls', `${(error as Error).stack}\n${JSON.stringify(error)}`);
  }
}

/** Messages that another client wrote, who hides nothing. */
async function sendForeign(): Promise<void> {
  const sender = await useMessageSender(urls.broker);
  const kwargs = `{"x": 1, "y": 2, "password": "${canaries.foreign}"}`;
  const headers = { argsrepr: '()', kwargsrepr: `{'x': 1, 'y': 2, 'password': '${canaries.foreign}'}` };
  const task = { task: 'test.add', ...headers };
  await sender.sendAll(QUEUE, [
    malformed('a good one', `[[], ${kwargs}, null]`, { headers: task }),
    malformed('a list of two', `[[], ${kwargs}]`, { headers: task }),
    malformed('no JSON', `[[], ${kwargs}`, { headers: task }),
    malformed('wrong retries', `[[], ${kwargs}, null]`, { headers: { ...task, retries: -1 } }),
    malformed(
      'protocol 1',
      `{"task": "test.add", "id": "${randomUUID()}", "args": [], "kwargs": ${kwargs}}`,
      {
        headers: { task: undefined, id: undefined },
      },
    ),
  ]);
}

/** Every command that there is, while tasks with secrets run, wait, and are held. */
async function control(om: Omega, path: string): Promise<void> {
  const kwargs = secretive({ path, text: 'long', seconds: 4 });
  const held = om.runtime.send('test.note', secretiveArgs, kwargs, { countdown: 0.95 });
  const scheduled = async () =>
    JSON.stringify(await om.runtime.control.broadcast('scheduled', {}, { limit: 1 }));
  await until(async () => {
    const reply = await scheduled();
    outputs.add('reply to scheduled', reply);
    return reply.includes(held.id);
  });
  const running = [1, 2, 3, 4].map(() => om.runtime.send('test.note', [], kwargs));
  const active = async () => JSON.stringify(await om.runtime.control.broadcast('active', {}, { limit: 1 }));
  await until(async () => (await active()).includes('long'));
  const ids = [held.id, ...running.map(({ id }) => id)];
  const argumentsOf = new Map<string, Readonly<Record<string, unknown>>>([
    ['conf', { with_defaults: true }],
    ['query_task', { ids }],
    ['revoke', { task_id: ['nothing'], password: canaries.password }],
    ['revoke_by_stamped_headers', { headers: { customer: 'c' }, password: canaries.password }],
    ['rate_limit', { task_name: 'nothing', rate_limit: '1/s', token: canaries.token }],
    ['add_consumer', { queue: 'canaries-2', password: canaries.password }],
    ['cancel_consumer', { queue: 'canaries-2' }],
    ['no_such_command', secretive({})],
  ]);
  const commands = [
    ...['scheduled', 'dump_schedule', 'reserved', 'dump_reserved', 'active', 'dump_active'],
    ...[
      'ping',
      'hello',
      'clock',
      'registered',
      'dump_tasks',
      'active_queues',
      'revoked',
      'dump_revoked',
      'stats',
    ],
    ...[
      'report',
      'dump_conf',
      'memsample',
      'memdump',
      'objgraph',
      'time_limit',
      'enable_events',
      'heartbeat',
    ],
    ...['election', 'terminate', 'pool_grow', 'pool_shrink', 'autoscale', 'watch', ...argumentsOf.keys()],
  ];
  for (const command of commands) {
    const reply = await om.runtime.control.broadcast(command, argumentsOf.get(command) ?? {}, { limit: 1 });
    outputs.add(`reply to ${command}`, reply);
  }
  await om.runtime.control
    .broadcast('active', { safe: true }, { limit: 1 })
    .then((reply) => outputs.add('active, safe', reply));
  await Promise.all(running);
}

async function useCommandLine(id: string): Promise<void> {
  const env = process.env;
  const kwargs = JSON.stringify(secretive({}));
  for (const command of [
    'status',
    'services status',
    'dead list',
    `dead list --json`,
    `result ${id}`,
    `result ${id} --json`,
  ]) {
    await runOmega(outputs, env, ...command.split(' '));
  }
  for (const command of ['conf', 'report', 'stats', 'active', 'registered'])
    await runOmega(outputs, env, 'inspect', command);
  await runOmega(outputs, env, 'call', 'test.add', '--kwargs', kwargs, '--wait');
  await runOmega(outputs, env, 'call', 'test.add', '--kwargs', kwargs, '--wait', '--json', '-l', 'debug');
  const dead = JSON.parse(await runOmega(outputs, env, 'dead', 'list', '--json')) as { id: string }[];
  expect(dead.length).toBeGreaterThan(2);
  for (const { id: deadId } of dead) await runOmega(outputs, env, 'dead', 'show', deadId);
}

/** Servers that refuse a login, at a command and at the start of a worker. */
async function beRefused(): Promise<void> {
  const { OMEGA_BROKER_FILE: _broker, OMEGA_RESULT_BACKEND_FILE: _backend, ...env } = process.env;
  const wrong = {
    OMEGA_BROKER: urls.broker.replace(canaries.broker, canaries.refused),
    OMEGA_MONGO_URL: urls.mongo.replace(canaries.mongo, canaries.refused),
    OMEGA_RESULT_BACKEND: urls.backend.replace(canaries.backend, canaries.refused),
  };
  const right = {
    OMEGA_BROKER: urls.broker,
    OMEGA_MONGO_URL: urls.mongo,
    OMEGA_RESULT_BACKEND: urls.backend,
  };
  for (const name of Object.keys(wrong) as (keyof typeof wrong)[]) {
    const refused = { ...env, ...right, [name]: wrong[name] };
    for (const args of [
      ['worker', '-c', '1'],
      ['status', '-l', 'debug'],
      ['status', '--json'],
    ]) {
      await runOmega(outputs, refused, ...args);
    }
  }
  const unreachable = { ...env, OMEGA_BROKER: `amqp://me:${canaries.refused}@127.0.0.1:1//` };
  await runOmega(outputs, unreachable, 'worker', '-l', 'debug');
  const noUrls = {
    OMEGA_BROKER: `amqp://me:${canaries.refused}@`,
    OMEGA_MONGO_URL: `mongo://me:${canaries.refused}@h`,
  };
  for (const [name, value] of Object.entries(noUrls))
    await runOmega(outputs, { ...env, ...right, [name]: value }, 'status');
}

/** What a cell sees of its worker. */
async function runNotebook(om: Omega): Promise<void> {
  const source = 'import os; print(dict(os.environ)); print(open("/proc/self/environ").read())';
  await om.jobs.put(notebookOf('python3', source), 'environment');
  outputs.add('result of a notebook', await om.runtime.job('environment').run().get({ timeout: 60_000 }));
}

async function readWorker(worker: TestWorker): Promise<void> {
  for (const path of ['metrics', 'livez', 'readyz'])
    outputs.add(path, await (await fetch(`${worker.url}/${path}`)).text());
  const executors = worker.executorPids();
  expect(executors.length).toBeGreaterThan(0);
  for (const pid of [worker.pid, ...executors]) outputs.add('process list', commandLine(pid));
  const { mongo, environment, ...rest } = canaries;
  // What the executors need: the data, and what the user's tasks are given by their environment.
  for (const pid of executors)
    expect(Object.values(rest).filter((text) => environmentOf(pid).includes(text))).toEqual([]);
}

it('no secret is found in anything that a worker, a client or the command line says', async () => {
  plantSettings();
  const trace = useTrace();
  const stop = await listen(outputs, urls.broker, 'celeryev');
  const worker = await useWorker({ queue: QUEUE, mongoUrl: urls.mongo, broker: '' }, [
    TASKS,
    '-E',
    '-l',
    'debug',
  ]);
  const om = await connect({ queues: QUEUE });
  onTestFinished(() => om.close());

  await runTasks(om, trace.path);
  await sendForeign();
  await control(om, trace.path);
  await runNotebook(om);
  const { id } = om.runtime.send('test.add', [], secretive({ x: 1, y: 2 }));
  await useCommandLine(id);
  await beRefused();
  await readWorker(worker);
  await dumpDatabase(outputs, admin);
  await stop();
  await worker.stop();
  outputs.add('log', worker.lines);
  outputs.add('standard error', worker.stderr());

  expect(outputs.find(canaries)).toEqual([]);
  // What was looked into: all of it has said what it would have said the secrets with.
  expect(outputs.textOf('celeryev')).toMatch(/task-sent.*task-received.*task-retried.*task-failed/s);
  expect(outputs.textOf('collection celery_taskmeta')).toContain('api_token');
  for (const command of ['scheduled', 'active', 'query_task']) {
    expect(outputs.textOf(`reply to ${command}`)).toContain('__auth');
  }
  expect(outputs.textOf('omega worker -c 1')).toMatch(/ACCESS_REFUSED.*refuses the user name or password/s);
  expect(outputs.textOf('collection omegaml.chunks')).toContain('LANG');
  expect(outputs.textOf('reply to conf')).toContain('amqp://me:********@');
}, 240_000);
