/** A private RabbitMQ and a private mongod that take nothing but TLS, and only clients with a certificate. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceOptions } from '../../src/cli/local-services.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { spawnDetached } from '../../src/services/detached.ts';
import { findMongod } from '../../src/services/mongod-binary.ts';
import type { ServiceOptions } from '../../src/services/options.ts';
import { terminate } from '../../src/services/process-record.ts';
import { freePort } from '../../src/services/tcp.ts';
import { waitUntilReady } from '../../src/services/wait.ts';
import { type Authority, type Certificate, createAuthority } from './certificates.ts';
import { startPrivateBroker } from './private-broker.ts';

export interface TlsServices {
  readonly authority: Authority;
  /** Of a client that the servers know. */
  readonly client: Certificate;
  /** Ports of 127.0.0.1; the certificates of the servers are for `localhost` alone. */
  readonly amqpsPort: number;
  readonly mongoPort: number;
  /** URL of a database, with these options besides `tls`. */
  mongoUrl(database: string, options: Readonly<Record<string, string>>): string;
  stop(): Promise<void>;
}

const MONGOD_PATIENCE_MS = 60_000;

export async function startTlsServices(): Promise<TlsServices> {
  const folder = mkdtempSync(join(tmpdir(), 'omega-tls-'));
  const options = { ...serviceOptions(() => undefined), folder };
  const authority = createAuthority(folder);
  const server = authority.sign('server', 'DNS:localhost');
  const client = authority.sign('client', 'DNS:client');
  const [rabbitmq, mongod] = await Promise.all([
    startTlsRabbitmq(authority, server),
    startTlsMongod(options, authority, { server, client }),
  ]);
  return {
    ...{ authority, client },
    ...{ amqpsPort: rabbitmq.port, mongoPort: mongod.port },
    mongoUrl: (database, given) => mongoUrlAt(mongod.port, database, given),
    async stop() {
      await Promise.all([rabbitmq.stop(), mongod.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}

interface Running {
  readonly port: number;
  stop(): Promise<void>;
}

async function startTlsRabbitmq({ ca }: Authority, server: Certificate): Promise<Running> {
  const port = await freePort();
  const ssl = [`cacertfile = ${ca}`, `certfile = ${server.cert}`, `keyfile = ${server.key}`];
  const checks = ['verify = verify_peer', 'fail_if_no_peer_cert = true'];
  const broker = await startPrivateBroker([
    `listeners.ssl.1 = 127.0.0.1:${port}`,
    ...[...ssl, ...checks].map((line) => `ssl_options.${line}`),
  ]);
  return { port, stop: broker.stop };
}

async function startTlsMongod(
  options: ServiceOptions,
  { ca }: Authority,
  { server, client }: { readonly server: Certificate; readonly client: Certificate },
): Promise<Running> {
  const port = await freePort();
  const data = join(options.folder, 'mongodb');
  mkdirSync(data);
  const log = join(options.folder, 'mongod.log');
  const place = ['--dbpath', data, '--port', String(port), '--bind_ip', '127.0.0.1', '--replSet', 'tls'];
  const tls = ['--tlsMode', 'requireTLS', '--tlsCertificateKeyFile', server.both, '--tlsCAFile', ca];
  const process = await spawnDetached(await findMongod(options), [...place, ...tls], log, options.env);
  const url = mongoUrlAt(port, 'admin', { tlsCAFile: ca, tlsCertificateKeyFile: client.both });
  await waitUntilReady({ name: 'MongoDB', process, log }, MONGOD_PATIENCE_MS, () => isWritable(url, port));
  return { port, stop: () => terminate(process, MONGOD_PATIENCE_MS) };
}

async function isWritable(url: string, port: number): Promise<boolean> {
  const { client, close } = await connectMongo(`${url}&serverSelectionTimeoutMS=2000`);
  try {
    const admin = client.db('admin');
    const { isWritablePrimary, isreplicaset } = await admin.command({ hello: 1 });
    const members = [{ _id: 0, host: `localhost:${port}` }];
    if (isreplicaset) await admin.command({ replSetInitiate: { _id: 'tls', members } });
    return isWritablePrimary === true;
  } finally {
    await close();
  }
}

function mongoUrlAt(port: number, database: string, options: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams({ directConnection: 'true', tls: 'true', ...options });
  return `mongodb://localhost:${port}/${database}?${query}`;
}
