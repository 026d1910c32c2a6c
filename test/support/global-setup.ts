/** Once before all tests: builds, finds or starts the services, and makes a vhost for this run. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { serviceOptions } from '../../src/cli/local-services.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { listFolder } from '../../src/services/commands.ts';
import { readJsonFile, writeJsonFile } from '../../src/services/json-file.ts';
import { isRunning, type ProcessRecord, recordProcess } from '../../src/services/process-record.ts';
import { findOrStartServices, type Services } from '../../src/services/services.ts';
import { pythonPath } from './python.ts';
import { hasRabbitmqctl, rabbitmqctl } from './rabbitmqctl.ts';

/** One run of the tests: its name is that of its vhost, and what the names of its databases start with. */
interface TestRun {
  readonly name: string;
  readonly process: ProcessRecord | null;
}

const SOURCES = ['src', 'workers', 'test/support', 'test/fixtures', 'test/bench', 'test/chaos'];
const RUNS_FOLDER = '.omega/test-runs';

/** What it returns is called after the last test, also when tests failed. */
export default async function setup(): Promise<() => Promise<void>> {
  buildIfOlderThanSources();
  process.env.OMEGA_TEST_PYTHON ??= pythonPath();
  if (process.env.OMEGA_TEST_MONGO_URL && process.env.OMEGA_TEST_BROKER) return async () => {};

  const services = await findOrStartServices(serviceOptions((line) => process.stderr.write(`${line}\n`)));
  try {
    const run = await beginRun(services);
    return async () => {
      await removeRun(run, services);
      await services.release();
    };
  } catch (error) {
    await services.release();
    throw error;
  }
}

/** Threads and executors run compiled JavaScript. */
function buildIfOlderThanSources(): void {
  const built = statSync('dist/src/errors.js', { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (SOURCES.every((folder) => newestChange(folder) < built)) return;
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc'], { stdio: 'inherit' });
}

function newestChange(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const sources = names.filter((name) => name.endsWith('.ts'));
  return Math.max(0, ...sources.map((name) => statSync(join(folder, name)).mtimeMs));
}

/** Tells the tests where everything is, and removes what killed runs left there. */
async function beginRun(services: Services): Promise<TestRun> {
  const { mongo, broker } = services;
  const run = { name: `omega_test_${randomBytes(4).toString('hex')}`, process: recordProcess(process.pid) };
  process.env.OMEGA_TEST_RUN = run.name;
  process.env.OMEGA_TEST_MONGO_URL = mongo.url;
  process.env.OMEGA_TEST_RABBITMQCTL = JSON.stringify(services.rabbitmqctl);
  process.env.OMEGA_TEST_BROKER = broker.url;
  for (const file of listFolder(RUNS_FOLDER)) {
    const earlier = readJsonFile<TestRun>(file);
    if (earlier && !(earlier.process && isRunning(earlier.process))) await removeRun(earlier, services);
  }
  writeJsonFile(recordOf(run), run);
  if (hasOwnVhost(services)) {
    rabbitmqctl('add_vhost', run.name);
    rabbitmqctl('set_permissions', '-p', run.name, 'guest', '.*', '.*', '.*');
    process.env.OMEGA_TEST_BROKER = new URL(`/${run.name}`, broker.url).href;
  }
  return run;
}

async function removeRun(run: TestRun, services: Services): Promise<void> {
  const hasVhost = hasOwnVhost(services) && rabbitmqctl('list_vhosts').split('\n').includes(run.name);
  if (hasVhost) rabbitmqctl('delete_vhost', run.name);
  const { client, close } = await connectMongo(services.mongo.url);
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
  const own = databases.filter(({ name }) => name.startsWith(`${run.name}_`));
  for (const { name } of own) await client.db(name).dropDatabase();
  await close();
  rmSync(recordOf(run), { force: true });
}

/** A broker given by URL is used as it is. */
function hasOwnVhost({ broker }: Services): boolean {
  return broker.origin !== 'environment' && hasRabbitmqctl();
}

function recordOf({ name }: TestRun): string {
  return join(RUNS_FOLDER, `${name}.json`);
}
