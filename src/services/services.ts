/** MongoDB and RabbitMQ for this machine: the configured ones, else those that run, else private ones. */
import { acceptsAmqpLogin } from './amqp-login.ts';
import { findOnPath } from './commands.ts';
import { type MongodRecord, mongoUrlAt } from './mongod.ts';
import type { ServiceOptions } from './options.ts';
import { leavePrivateServices, usePrivateMongod, usePrivateRabbitmq } from './private-services.ts';
import { isRunning } from './process-record.ts';
import { brokerUrlAt, GUEST, privateRabbitmqctl, type Rabbitmqctl, type RabbitmqRecord } from './rabbitmq.ts';
import { readState } from './state.ts';
import { isListening, LOOPBACK } from './tcp.ts';

/** One server and where it comes from: the environment, its standard port on this machine, or us. */
export interface Service {
  readonly name: 'MongoDB' | 'RabbitMQ';
  readonly url: string;
  readonly origin: 'environment' | 'running' | 'private';
  /** Of a private server. */
  readonly pid?: number;
}

export interface Services {
  readonly mongo: Service;
  readonly broker: Service;
  /** Null for a broker that is not of this machine. */
  readonly rabbitmqctl: Rabbitmqctl | null;
  /** Ends this process's use: private servers that nobody else uses, and that are not kept, are stopped. */
  release(): Promise<void>;
}

const MONGO_PORT = 27_017;
const AMQP_PORT = 5_672;

/**
 * Finds MongoDB and RabbitMQ, or starts private ones: `OMEGA_MONGO_URL` and `OMEGA_BROKER`, else a server
 * that answers on the standard port of this machine, else a private one under `options.folder`.
 * `OMEGA_SERVICES=private` skips the second step.
 *
 * @throws MissingDependency when a server is missing and cannot be installed, with the command to install it.
 * @throws OperationalError when a private server does not start, with its log.
 */
export async function findOrStartServices(options: ServiceOptions): Promise<Services> {
  const release = () => leavePrivateServices(options);
  try {
    const mongo =
      configuredMongo(options) ??
      (await findRunningMongo(options)) ??
      privateMongo(await usePrivateMongod(options));
    const broker = configuredBroker(options) ?? (await findRunningBroker(options));
    if (broker) return { mongo, broker, rabbitmqctl: systemRabbitmqctl(broker, options), release };
    const record = await usePrivateRabbitmq(options);
    const rabbitmqctl = privateRabbitmqctl(record, options);
    return { mongo, broker: privateBroker(record), rabbitmqctl, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * The servers that a command of this folder uses now: the configured ones, else private ones that run, else
 * those on the standard ports. Starts none.
 */
export async function inspectServices(options: ServiceOptions): Promise<Service[]> {
  const own = findPrivateServices(options);
  const mongo = configuredMongo(options) ?? own.mongo ?? (await findRunningMongo(options));
  const broker = configuredBroker(options) ?? own.broker ?? (await findRunningBroker(options));
  return [mongo, broker].filter((service) => service !== null);
}

/** The private servers of this folder that run now. */
export function findPrivateServices(options: ServiceOptions): {
  readonly mongo: Service | null;
  readonly broker: Service | null;
} {
  const { mongod, rabbitmq } = readState(options.folder);
  return {
    mongo: mongod && isRunning(mongod.process) ? privateMongo(mongod) : null,
    broker: rabbitmq && isRunning(rabbitmq.process) ? privateBroker(rabbitmq) : null,
  };
}

function configuredMongo({ env }: ServiceOptions): Service | null {
  const url = env.OMEGA_MONGO_URL;
  return url ? { name: 'MongoDB', url, origin: 'environment' } : null;
}

function configuredBroker({ env }: ServiceOptions): Service | null {
  const url = env.OMEGA_BROKER;
  return url ? { name: 'RabbitMQ', url, origin: 'environment' } : null;
}

async function findRunningMongo({ env, mongoCommand }: ServiceOptions): Promise<Service | null> {
  if (env.OMEGA_SERVICES === 'private' || !(await isListening(LOOPBACK, MONGO_PORT))) return null;
  const url = mongoUrlAt(MONGO_PORT);
  try {
    const { isWritablePrimary } = await mongoCommand(url, { hello: 1 });
    // Fails where a login is needed, which we do not have.
    await mongoCommand(url, { listDatabases: 1, nameOnly: true });
    return isWritablePrimary === true ? { name: 'MongoDB', url, origin: 'running' } : null;
  } catch {
    return null;
  }
}

async function findRunningBroker({ env }: ServiceOptions): Promise<Service | null> {
  if (env.OMEGA_SERVICES === 'private') return null;
  const answers = await acceptsAmqpLogin({ host: LOOPBACK, port: AMQP_PORT, ...GUEST });
  return answers ? { name: 'RabbitMQ', url: brokerUrlAt(AMQP_PORT), origin: 'running' } : null;
}

function privateMongo({ port, process: { pid } }: MongodRecord): Service {
  return { name: 'MongoDB', url: mongoUrlAt(port), origin: 'private', pid };
}

function privateBroker({ port, process: { pid } }: RabbitmqRecord): Service {
  return { name: 'RabbitMQ', url: brokerUrlAt(port), origin: 'private', pid };
}

function systemRabbitmqctl(broker: Service, { env }: ServiceOptions): Rabbitmqctl | null {
  const command = broker.origin === 'running' ? findOnPath('rabbitmqctl', env.PATH) : null;
  return command === null ? null : { command, env: {} };
}
