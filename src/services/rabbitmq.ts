/** A private RabbitMQ: node name, ports, cookie, data and logs of its own, on loopback. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { acceptsAmqpLogin } from './amqp-login.ts';
import { spawnDetached } from './detached.ts';
import { startEpmd } from './epmd.ts';
import type { ServiceOptions } from './options.ts';
import { type ProcessRecord, terminate } from './process-record.ts';
import { findOrInstallRabbitmq } from './rabbitmq-scripts.ts';
import { freePort, LOOPBACK } from './tcp.ts';
import { waitUntilReady } from './wait.ts';

interface RabbitmqPorts {
  /** AMQP. */
  readonly port: number;
  /** Erlang's distribution: `rabbitmqctl` talks to the node there. */
  readonly distributionPort: number;
  /** Erlang's port mapper: one of our own, never the one that other nodes share. */
  readonly epmdPort: number;
}

/** A private RabbitMQ as it is written down. */
export interface RabbitmqRecord extends RabbitmqPorts {
  readonly process: ProcessRecord;
  /** Its port mapper; null when Erlang started one by itself, which we do not know. */
  readonly epmd: ProcessRecord | null;
  /** Folder of the scripts that started it. */
  readonly scripts: string;
}

/** How to call `rabbitmqctl` for a broker. */
export interface Rabbitmqctl {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

export const GUEST = { user: 'guest', password: 'guest' } as const;

const START_PATIENCE_MS = 120_000;
const STOP_PATIENCE_MS = 30_000;
const EPMD_STOP_PATIENCE_MS = 2_000;

export function brokerUrlAt(port: number): string {
  return `amqp://${GUEST.user}:${GUEST.password}@${LOOPBACK}:${port}//`;
}

/**
 * Starts RabbitMQ; {@link waitForRabbitmq} says when it is ready. The ports of the last run are used again if
 * they are free.
 *
 * @throws MissingDependency when it is not installed; OperationalError when it cannot be started.
 */
export async function startRabbitmq(
  last: RabbitmqRecord | undefined,
  options: ServiceOptions,
): Promise<RabbitmqRecord> {
  const scripts = await findOrInstallRabbitmq(options);
  // A server that ended by itself left its port mapper.
  if (last) await stopRabbitmq(last);
  const ports = {
    port: await freePort(last?.port),
    distributionPort: await freePort(last?.distributionPort),
    epmdPort: await freePort(last?.epmdPort),
  };
  const folder = prepareFolder(options);
  options.progress(`starting a private RabbitMQ on port ${ports.port}`);
  const env = { ...withoutErlang(options.env), ...nodeEnvironment(folder, ports) };
  const log = logFile(options);
  const epmd = await startEpmd(ports.epmdPort, log, env);
  try {
    const process = await spawnDetached(join(scripts, 'rabbitmq-server'), [], log, env);
    return { process, epmd, scripts, ...ports };
  } catch (error) {
    if (epmd) await terminate(epmd, EPMD_STOP_PATIENCE_MS);
    throw error;
  }
}

/** @throws OperationalError when it ends, or accepts no login within 120 s. */
export async function waitForRabbitmq(record: RabbitmqRecord, options: ServiceOptions): Promise<void> {
  const server = { name: 'RabbitMQ', process: record.process, log: logFile(options) };
  const login = { host: LOOPBACK, port: record.port, ...GUEST };
  await waitUntilReady(server, START_PATIENCE_MS, () => acceptsAmqpLogin(login));
}

/** Ends the processes that were recorded, and no others: whoever has their ports now is left alone. */
export async function stopRabbitmq(record: RabbitmqRecord): Promise<void> {
  await terminate(record.process, STOP_PATIENCE_MS);
  if (record.epmd) await terminate(record.epmd, EPMD_STOP_PATIENCE_MS);
}

/** `rabbitmqctl` for a private node: it needs the node's cookie and its port mapper. */
export function privateRabbitmqctl(record: RabbitmqRecord, options: ServiceOptions): Rabbitmqctl {
  const env = nodeEnvironment(prepareFolder(options), record);
  return { command: join(record.scripts, 'rabbitmqctl'), env };
}

function logFile({ folder }: ServiceOptions): string {
  return join(folder, 'rabbitmq', 'server.log');
}

function prepareFolder(options: ServiceOptions): string {
  const folder = resolve(options.folder, 'rabbitmq');
  mkdirSync(join(folder, 'home'), { recursive: true });
  writeFileSync(join(folder, 'enabled_plugins'), '[].\n');
  writeFileSync(join(folder, 'rabbitmq-env.conf'), '');
  return folder;
}

function nodeEnvironment(folder: string, ports: RabbitmqPorts): Record<string, string> {
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 8);
  return {
    HOME: join(folder, 'home'),
    RABBITMQ_NODENAME: `omega_${hash}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: LOOPBACK,
    RABBITMQ_NODE_PORT: String(ports.port),
    RABBITMQ_DIST_PORT: String(ports.distributionPort),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    // Makes the script become the server instead of its parent: the process recorded is the server.
    RUNNING_UNDER_SYSTEMD: 'true',
    ERL_EPMD_ADDRESS: LOOPBACK,
    ERL_EPMD_PORT: String(ports.epmdPort),
  };
}

/** The settings of another node in the environment must not reach ours. */
function withoutErlang(env: ServiceOptions['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(RABBITMQ|ERL)_/.test(name)));
}
