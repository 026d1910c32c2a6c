import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectTransport } from '../../src/broker/transport.ts';
import { brokerSettings, loadSettings, type SettingValues } from '../../src/config.ts';
import { ImproperlyConfigured, OperationalError } from '../../src/errors.ts';
import { connectMongo } from '../../src/mongo/client.ts';
import { connect } from '../../src/omega.ts';
import { brokerTls } from '../../src/tls.ts';
import { createAuthority } from '../support/certificates.ts';
import { startTlsServices, type TlsServices } from '../support/tls-services.ts';
import { useWorker } from '../support/worker.ts';

type BrokerCase = [what: string, values: () => SettingValues, error: RegExp];
type MongoCase = [what: string, open: () => Promise<void>, error: RegExp];

let services: TlsServices;

beforeAll(async () => {
  services = await startTlsServices();
}, 180_000);

afterAll(() => services.stop());

/** What a client needs that RabbitMQ lets in, but for what is changed. */
function brokerOf(change: SettingValues = {}): SettingValues {
  const { amqpsPort, authority, client } = services;
  return {
    broker: `amqps://guest:guest@localhost:${amqpsPort}`,
    ...{ brokerCa: authority.ca, brokerCert: client.cert, brokerKey: client.key },
    ...change,
  };
}

async function openBroker(values: SettingValues): Promise<void> {
  const settings = loadSettings({}, values);
  const options = { ...brokerSettings(settings), tls: brokerTls(settings), name: 'test', retry: false };
  const transport = await connectTransport(options);
  await transport.close();
}

async function openMongo(options: Readonly<Record<string, string>>, host = 'localhost'): Promise<void> {
  const url = services.mongoUrl('test', { serverSelectionTimeoutMS: '1000', ...options });
  const mongo = await connectMongo(url.replace('localhost', host));
  await mongo.db.command({ ping: 1 });
  await mongo.close();
}

const NO_CLIENT = { brokerCert: undefined, brokerKey: undefined };

describe('RabbitMQ by TLS', () => {
  const stranger = () => createAuthority(useFolder(), 'stranger');

  it('lets a client in that shows its certificate and knows the authority', async () => {
    await openBroker(brokerOf());
    // The name that is checked need not be that of the URL.
    const broker = `amqps://guest:guest@127.0.0.1:${services.amqpsPort}`;
    await openBroker(brokerOf({ broker, brokerServerName: 'localhost' }));
  });

  it.each<BrokerCase>([
    [
      'the authority is not known',
      () => brokerOf({ brokerCa: undefined }),
      /name its file as OMEGA_BROKER_CA$/,
    ],
    [
      'it is another authority',
      () => brokerOf({ brokerCa: stranger().ca }),
      /name its file as OMEGA_BROKER_CA$/,
    ],
    [
      'the certificate is for another host',
      () => brokerOf({ broker: `amqps://guest:guest@127.0.0.1:${services.amqpsPort}` }),
      /for another host: correct .*OMEGA_BROKER_SERVER_NAME$/,
    ],
    [
      'the client has no certificate',
      () => brokerOf(NO_CLIENT),
      /name one that it accepts as OMEGA_BROKER_CERT and OMEGA_BROKER_KEY$/,
    ],
    [
      "the client's certificate is of another authority",
      () => {
        const { cert: brokerCert, key: brokerKey } = stranger().sign('someone', 'DNS:someone');
        return brokerOf({ brokerCert, brokerKey });
      },
      /name one that it accepts as OMEGA_BROKER_CERT and OMEGA_BROKER_KEY$/,
    ],
  ])('refuses where %s, and says what to do', async (_, values, text) => {
    const error: unknown = await openBroker(values()).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(OperationalError);
    expect(String(error)).toMatch(text);
    expect(String(error)).not.toContain('guest:guest');
  });

  it('is not checked where that is switched off', async () => {
    await openBroker(brokerOf({ brokerCa: undefined, brokerVerify: false }));
  });
});

describe('MongoDB by TLS', () => {
  const known = () => ({ tlsCAFile: services.authority.ca, tlsCertificateKeyFile: services.client.both });

  it('lets a client in that shows its certificate and knows the authority', async () => {
    await openMongo(known());
  });

  it.each<MongoCase>([
    [
      'the authority is not known',
      () => openMongo({ tlsCertificateKeyFile: services.client.both }),
      /name its file as tlsCAFile in the MongoDB URL$/,
    ],
    [
      'the certificate is for another host',
      () => openMongo(known(), '127.0.0.1'),
      /for another host: correct the MongoDB URL$/,
    ],
    [
      'the client has no certificate',
      () => openMongo({ tlsCAFile: services.authority.ca }),
      /and tlsCertificateKeyFile in the MongoDB URL if it wants a certificate$/,
    ],
  ])('refuses where %s, and says what to do', async (_, open, text) => {
    const error: unknown = await open().catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(OperationalError);
    expect(String(error)).toMatch(text);
  });

  it('is told of a file that is not there, and of options that do nothing', async () => {
    const noFile: unknown = await openMongo({ tlsCAFile: '/nowhere' }).catch((error: unknown) => error);
    expect(noFile).toBeInstanceOf(ImproperlyConfigured);
    expect(String(noFile)).toMatch(/\/nowhere/);
    const noTls: unknown = await openMongo({ ...known(), tls: 'false' }).catch((error: unknown) => error);
    expect(noTls).toBeInstanceOf(ImproperlyConfigured);
    expect(String(noTls)).toMatch(/TLS is off: add tls=true/);
  });
});

it('a worker runs a task between servers that want certificates of it, which may be in secret files', async () => {
  const folder = useFolder();
  const { authority, client } = services;
  const options = { tlsCAFile: authority.ca, tlsCertificateKeyFile: client.both };
  const place = {
    queue: 'test_tls',
    mongoUrl: services.mongoUrl('test', options),
    broker: `amqps://guest:guest@localhost:${services.amqpsPort}`,
  };
  const { brokerCa, brokerCert, brokerKey } = brokerOf();
  for (const [name, value] of Object.entries({
    ...{ OMEGA_MONGO_URL: place.mongoUrl, OMEGA_BROKER: place.broker },
  })) {
    writeFileSync(join(folder, name), `${value}\n`);
    vi.stubEnv(`${name}_FILE`, join(folder, name));
  }
  vi.stubEnv('OMEGA_BROKER_CA', String(brokerCa));
  vi.stubEnv('OMEGA_BROKER_CERT', String(brokerCert));
  vi.stubEnv('OMEGA_BROKER_KEY', String(brokerKey));
  await useWorker({ ...place, mongoUrl: '', broker: '' });
  const om = await connect({ queues: place.queue });
  onTestFinished(() => om.close());
  await om.datasets.put([{ x: 1 }], 'stored');
  expect(await om.runtime.send('test.add', [], { x: 1, y: 2 }).get({ timeout: 30_000 })).toBe(3);
}, 60_000);

function useFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omega-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
