/** TLS by the settings: what a connection to RabbitMQ is made with, and where a server's certificate is not checked. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { parseBrokerUrls } from './broker/address.ts';
import { ImproperlyConfigured } from './errors.ts';
import type { TlsSettings } from './tls-settings.ts';

/** Options of a TLS connection. */
export type TlsOptions = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'minVersion' | 'rejectUnauthorized'
>;

/** The settings of the connections to RabbitMQ. */
interface BrokerSettings extends TlsSettings {
  readonly broker: string;
  readonly brokerRead?: string | undefined;
  readonly brokerWrite?: string | undefined;
}

const PEM = { ca: 'OMEGA_BROKER_CA', cert: 'OMEGA_BROKER_CERT', key: 'OMEGA_BROKER_KEY' } as const;

/** Options in URLs that switch a check off: of MongoDB, then of Redis. */
const UNCHECKED_MONGODB = /[?&]tls(Insecure|AllowInvalidCertificates|AllowInvalidHostnames)=true/i;
const UNCHECKED_REDIS = /^rediss:.*[?&]ssl_cert_reqs=(CERT_)?NONE/i;

/**
 * What the connections to RabbitMQ are made with, where they are encrypted. The files are read for each connection, so
 * that a certificate may be renewed while the process runs.
 *
 * @throws ImproperlyConfigured when a file cannot be used, also later; when only one of certificate and key is given;
 *   when any of it is given, but a URL is not encrypted.
 */
export function brokerTls(settings: BrokerSettings): () => TlsOptions {
  checkPair(settings);
  checkProtocol(settings);
  const read = () => readTls(settings);
  read();
  return read;
}

/** What has to be said aloud: servers whose certificate is not checked. */
export function uncheckedServers({
  brokerVerify,
  mongoUrl,
  resultBackend,
}: {
  readonly brokerVerify: boolean;
  readonly mongoUrl: string;
  readonly resultBackend: string;
}): string[] {
  const all: [boolean, string][] = [
    [!brokerVerify, 'OMEGA_BROKER_VERIFY is off'],
    [UNCHECKED_MONGODB.test(mongoUrl), 'OMEGA_MONGO_URL switches it off'],
    [
      UNCHECKED_MONGODB.test(resultBackend) || UNCHECKED_REDIS.test(resultBackend),
      'OMEGA_RESULT_BACKEND switches it off',
    ],
  ];
  return all
    .filter(([isUnchecked]) => isUnchecked)
    .map(([, why]) => `the certificate of a server is not checked (${why}): whoever is between can read all`);
}

function readTls(settings: TlsSettings): TlsOptions {
  const { brokerCa, brokerCert, brokerKey, brokerKeyPassword, brokerServerName, brokerVerify } = settings;
  const ca = brokerCa && readCertificates(brokerCa, PEM.ca);
  const cert = brokerCert && readCertificates(brokerCert, PEM.cert);
  const key = brokerKey && readKey(brokerKey, brokerKeyPassword);
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: brokerVerify,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(brokerKeyPassword && { passphrase: brokerKeyPassword }),
    ...(brokerServerName && { servername: brokerServerName }),
  };
}

function checkPair({ brokerCert, brokerKey }: TlsSettings): void {
  if ((brokerCert === undefined) === (brokerKey === undefined)) return;
  const [given, missing] = brokerCert === undefined ? [PEM.key, PEM.cert] : [PEM.cert, PEM.key];
  throw new ImproperlyConfigured(`${given} is set without ${missing}: set both, or neither`);
}

/** Whoever sets a certificate relies on it that passwords and data are encrypted. */
function checkProtocol(settings: BrokerSettings): void {
  const given = [
    settings.brokerCa && PEM.ca,
    settings.brokerCert && PEM.cert,
    settings.brokerServerName && 'OMEGA_BROKER_SERVER_NAME',
  ].find(Boolean);
  if (given === undefined) return;
  const logins = [settings.broker, settings.brokerRead, settings.brokerWrite].flatMap((urls) =>
    urls === undefined ? [] : parseBrokerUrls(urls),
  );
  if (logins.every(({ protocol }) => protocol === 'amqps')) return;
  throw new ImproperlyConfigured(
    `${given} is set, but a URL of the broker is not encrypted: write it as amqps://user:password@host:5671/vhost`,
  );
}

function readCertificates(path: string, variable: string): string {
  const pem = readPem(path, variable);
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new ImproperlyConfigured(`${variable}: ${path} is no certificate in PEM`);
  }
}

function readKey(path: string, passphrase: string | undefined): string {
  const key = readPem(path, PEM.key);
  try {
    createPrivateKey({ key, ...(passphrase !== undefined && { passphrase }) });
    return key;
  } catch {
    // What OpenSSL says of it helps nobody.
    throw new ImproperlyConfigured(
      `${PEM.key}: ${path} is no private key in PEM, or OMEGA_BROKER_KEY_PASSWORD is not its password`,
    );
  }
}

function readPem(path: string, variable: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ImproperlyConfigured(
      `${variable}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
