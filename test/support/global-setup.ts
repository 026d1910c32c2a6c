/** Once before all tests: builds, finds or starts the services, and makes a vhost for this run. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { serviceOptions } from '../../src/cli/local-services.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { findOrStartServices, type Services } from '../../src/services/services.ts';
import { pythonPath } from './python.ts';
import { hasRabbitmqctl, rabbitmqctl } from './rabbitmqctl.ts';
import { mongoUrl, testDatabasePrefix } from './services.ts';

const SOURCES = ['src', 'workers', 'test/support', 'test/fixtures'];

/** What it returns is called after the last test, also when tests failed. */
export default async function setup(): Promise<() => Promise<void>> {
  buildIfOlderThanSources();
  process.env.OMEGA_TEST_PYTHON ??= preparePython();
  if (process.env.OMEGA_TEST_MONGO_URL && process.env.OMEGA_TEST_BROKER) return async () => {};

  const services = await findOrStartServices(serviceOptions((line) => process.stderr.write(`${line}\n`)));
  process.env.OMEGA_TEST_RUN = `omega_test_${randomBytes(4).toString('hex')}`;
  process.env.OMEGA_TEST_MONGO_URL = services.mongo.url;
  process.env.OMEGA_TEST_RABBITMQCTL = JSON.stringify(services.rabbitmqctl);
  const dropVhost = useOwnVhost(services);
  return async () => {
    dropVhost();
    await dropDatabases();
    await services.release();
  };
}

/** Threads and executors run compiled JavaScript. */
function buildIfOlderThanSources(): void {
  const built = statSync('dist/src/errors.js', { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (SOURCES.every((folder) => newestChange(folder) < built)) return;
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc'], { stdio: 'inherit' });
}

function newestChange(folder: string): number {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return 0;
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Math.max(
    0,
    ...names.filter((name) => name.endsWith('.ts')).map((name) => statSync(join(folder, name)).mtimeMs),
  );
}

/** Before the tests, because it takes minutes the first time. */
function preparePython(): string {
  process.stderr.write('preparing the Python peers of the tests (some minutes the first time)\n');
  return pythonPath();
}

/** A broker given by URL is used as it is; on one of this machine the run gets a vhost of its own. */
function useOwnVhost({ broker }: Services): () => void {
  process.env.OMEGA_TEST_BROKER = broker.url;
  if (broker.origin === 'environment' || !hasRabbitmqctl()) return () => {};
  const vhost = process.env.OMEGA_TEST_RUN ?? '';
  rabbitmqctl('add_vhost', vhost);
  rabbitmqctl('set_permissions', '-p', vhost, 'guest', '.*', '.*', '.*');
  const url = new URL(broker.url);
  url.pathname = `/${vhost}`;
  process.env.OMEGA_TEST_BROKER = url.href;
  return () => rabbitmqctl('delete_vhost', vhost);
}

async function dropDatabases(): Promise<void> {
  const { client, close } = await connectMongo(mongoUrl('unused'));
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
  const own = databases.filter(({ name }) => name.startsWith(testDatabasePrefix()));
  for (const { name } of own) await client.db(name).dropDatabase();
  await close();
}
