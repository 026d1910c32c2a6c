import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { serviceOptions } from '../../src/cli/local-services.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { acceptsAmqpLogin } from '../../src/services/amqp-login.ts';
import type { ServiceOptions } from '../../src/services/options.ts';
import {
  leavePrivateServices,
  stopPrivateServices,
  usePrivateMongod,
} from '../../src/services/private-services.ts';
import { isRunning } from '../../src/services/process-record.ts';
import { findOrStartServices, inspectServices } from '../../src/services/services.ts';
import { readState } from '../../src/services/state.ts';
import { isListening } from '../../src/services/tcp.ts';
import { brokerUrl } from '../support/services.ts';

/** Options for a folder of the test's own; what runs there at its end is stopped. */
function useFolder(): ServiceOptions {
  const directory = mkdtempSync(join(tmpdir(), 'omega-services-'));
  const { OMEGA_MONGO_URL: _mongo, OMEGA_BROKER: _broker, ...env } = process.env;
  const options = {
    ...serviceOptions(() => undefined),
    folder: join(directory, '.omega'),
    env: { ...env, OMEGA_SERVICES: 'private' },
  };
  onTestFinished(async () => {
    await stopPrivateServices(options);
    rmSync(directory, { recursive: true });
  });
  return options;
}

/** Starts a private mongod from another process, which then waits until it is killed. */
async function startElsewhere(options: ServiceOptions): Promise<{ port: number; kill(): Promise<void> }> {
  const script = `
    import { serviceOptions } from ${JSON.stringify(resolve('dist/src/cli/local-services.js'))};
    import { usePrivateMongod } from ${JSON.stringify(resolve('dist/src/services/private-services.js'))};
    const options = { ...serviceOptions(() => undefined), folder: ${JSON.stringify(options.folder)} };
    const { port } = await usePrivateMongod(options);
    console.log(port);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(child.stdout, 'data');
  const kill = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { port: Number(port), kill };
}

/** Runs `omega worker` in the directory of the services; gives its process once it consumes. */
async function startWorker({ folder, env }: ServiceOptions): Promise<ChildProcess> {
  const flags = ['-Q', 'test_private', '-c', '1', '-n', 'private@test', '--http-port', '0'];
  const child = spawn(process.execPath, [resolve('dist/src/cli/main.js'), 'worker', ...flags], {
    cwd: dirname(folder),
    env: { ...env, OMEGA_BROKER: brokerUrl() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface(child.stdout)) {
    if (line.includes('"ready"')) break;
  }
  child.stdout.resume();
  return child;
}

it('private services take writes and logins, and are gone after the release', async () => {
  const options = useFolder();
  const { mongo, broker, release } = await findOrStartServices(options);
  const { db, close } = await connectMongo(mongo.url);
  await db.collection('test').insertOne({ x: 1 });
  await close();
  const port = Number(new URL(broker.url).port);
  expect(await acceptsAmqpLogin({ host: '127.0.0.1', port, user: 'guest', password: 'guest' })).toBe(true);
  expect((await inspectServices(options)).map(({ origin }) => origin)).toEqual(['private', 'private']);
  const { rabbitmq } = readState(options.folder);
  await release();
  expect(await inspectServices(options)).toEqual([]);
  expect(await isListening('127.0.0.1', port)).toBe(false);
  expect(await isListening('127.0.0.1', rabbitmq?.epmdPort ?? 0)).toBe(false);
});

it('data of a private mongod are there again after a restart', async () => {
  const options = useFolder();
  for (const expected of [1, 2]) {
    const { port } = await usePrivateMongod(options);
    const { db, close } = await connectMongo(`mongodb://127.0.0.1:${port}/test?directConnection=true`);
    await db.collection('test').insertOne({});
    expect(await db.collection('test').countDocuments()).toBe(expected);
    await close();
    await leavePrivateServices(options);
  }
});

it('a server that a killed process left is taken over, and stopped by its new user', async () => {
  const options = useFolder();
  const other = await startElsewhere(options);
  await other.kill();
  const mongod = await usePrivateMongod(options);
  expect(mongod.port).toBe(other.port);
  await leavePrivateServices(options);
  expect(isRunning(mongod.process)).toBe(false);
});

it('processes that start at the same time share one server, until the last one leaves', async () => {
  const options = useFolder();
  const [other, mongod] = await Promise.all([startElsewhere(options), usePrivateMongod(options)]);
  expect(mongod.port).toBe(other.port);
  await leavePrivateServices(options);
  expect(isRunning(mongod.process)).toBe(true);
  await other.kill();
  await leavePrivateServices(options);
  expect(isRunning(mongod.process)).toBe(false);
});

it('a worker keeps the private services that it uses, and stops them when it is the last to leave', async () => {
  const options = useFolder();
  const mongod = await usePrivateMongod(options);
  const worker = await startWorker(options);
  await leavePrivateServices(options);
  expect(isRunning(mongod.process)).toBe(true);
  worker.kill('SIGTERM');
  await once(worker, 'exit');
  expect(isRunning(mongod.process)).toBe(false);
});

it('services that the environment names are used as they are', async () => {
  const options = useFolder();
  const env = { OMEGA_MONGO_URL: 'mongodb://db.example/x', OMEGA_BROKER: 'amqp://mq.example' };
  const { mongo, broker } = await findOrStartServices({ ...options, env });
  expect([mongo, broker]).toEqual([
    { name: 'MongoDB', url: 'mongodb://db.example/x', origin: 'environment' },
    { name: 'RabbitMQ', url: 'amqp://mq.example', origin: 'environment' },
  ]);
});
