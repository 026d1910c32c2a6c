/** A private mongod: a replica set of one, on loopback, with data that stay. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './commands.ts';
import { spawnDetached } from './detached.ts';
import { findMongod } from './mongod-binary.ts';
import type { ServiceOptions } from './options.ts';
import { type ProcessRecord, terminate } from './process-record.ts';
import { freePort, isListening, LOOPBACK } from './tcp.ts';
import { waitUntilReady } from './wait.ts';

/** A private mongod as it is written down. */
export interface MongodRecord {
  readonly process: ProcessRecord;
  readonly port: number;
}

const REPLICA_SET = 'omega';
const CACHE_GB = '0.5';
const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 20_000;

export function mongoUrlAt(port: number): string {
  return `mongodb://${LOOPBACK}:${port}/omega?directConnection=true`;
}

/**
 * Starts mongod; {@link waitForMongod} says when it is ready. The port of the last run is used again if free.
 *
 * @throws MissingDependency when there is no mongod; OperationalError when it cannot be started.
 */
export async function startMongod(
  last: MongodRecord | undefined,
  options: ServiceOptions,
): Promise<MongodRecord> {
  const binary = await findMongod(options);
  const port = await freePort(last?.port);
  // One folder for each release series: mongod does not read the data of just any other.
  const data = join(options.folder, 'mongodb', `data-${await releaseSeries(binary)}`);
  mkdirSync(data, { recursive: true });

  options.progress(`starting a private MongoDB on port ${port}`);
  const flags = ['--dbpath', data, '--port', String(port), '--bind_ip', LOOPBACK];
  const more = ['--replSet', REPLICA_SET, '--wiredTigerCacheSizeGB', CACHE_GB];
  const log = logFile(options);
  return { process: await spawnDetached(binary, [...flags, ...more], log, options.env), port };
}

/** @throws OperationalError when it ends, or takes no writes within 60 s. */
export async function waitForMongod({ process, port }: MongodRecord, options: ServiceOptions): Promise<void> {
  const server = { name: 'MongoDB', process, log: logFile(options) };
  await waitUntilReady(server, START_PATIENCE_MS, () => isWritable(port, options));
}

export async function stopMongod(mongod: MongodRecord): Promise<void> {
  await terminate(mongod.process, STOP_PATIENCE_MS);
}

function logFile({ folder }: ServiceOptions): string {
  return join(folder, 'mongodb', 'mongod.log');
}

async function releaseSeries(binary: string): Promise<string> {
  const { stdout } = await run(binary, ['--version']);
  return /v(\d+\.\d+)/.exec(stdout)?.[1] ?? 'unknown';
}

/** Whether it takes writes now. On the way, makes a replica set of a fresh server. */
async function isWritable(port: number, options: ServiceOptions): Promise<boolean> {
  if (!(await isListening(LOOPBACK, port))) return false;
  const hello = await options.mongoCommand(mongoUrlAt(port), { hello: 1 });
  if (hello.isWritablePrimary === true) return true;
  if (hello.isreplicaset === true) await configureReplicaSet(port, options);
  return false;
}

/** A server without a valid configuration is fresh, or has another port than when it was configured. */
async function configureReplicaSet(port: number, { mongoCommand }: ServiceOptions): Promise<void> {
  const url = mongoUrlAt(port);
  const members = [{ _id: 0, host: `${LOOPBACK}:${port}` }];
  const current = await mongoCommand(url, { replSetGetConfig: 1 }).catch(() => null);
  if (current === null) {
    await mongoCommand(url, { replSetInitiate: { _id: REPLICA_SET, members } });
    return;
  }
  const config = current.config as { readonly version: number };
  const moved = { ...config, version: config.version + 1, members };
  await mongoCommand(url, { replSetReconfig: moved, force: true });
}
