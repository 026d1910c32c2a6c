/** Signed messages by the settings: the files of keys and certificates are read once, at the start. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Settings } from './config.ts';
import { ImproperlyConfigured } from './errors.ts';
import { namedFiles } from './named-files.ts';
import { type Certificate, readCertificate } from './protocol/certificate.ts';
import type { Encoding } from './protocol/serializers.ts';
import { createSigner, createVerifier, type Sign, type Verify } from './protocol/signed-body.ts';

/**
 * How tasks are written that are sent.
 *
 * @throws ImproperlyConfigured where they are to be signed, and key or certificate cannot be used.
 */
export function messageEncoding(settings: Settings): Encoding {
  const { taskSerializer } = settings;
  return taskSerializer === 'auth' ? { sign: openSigner(settings) } : { serializer: taskSerializer };
}

/**
 * What verifies signed messages; undefined where none are accepted.
 *
 * @throws ImproperlyConfigured where they are, and the certificates cannot be read, or what the worker sends itself
 *   would not be accepted.
 */
export function messageVerifier(settings: Settings): Verify | undefined {
  const { acceptContent, taskSerializer, securityCertStore: store, securityDigest } = settings;
  if (!acceptContent.includes('auth')) return undefined;
  if (taskSerializer !== 'auth' && acceptContent.every((name) => name === 'auth')) {
    throw new ImproperlyConfigured(
      'acceptContent: only signed messages are accepted, but what the worker sends itself is not signed. Set OMEGA_TASK_SERIALIZER to auth (with OMEGA_SECURITY_KEY and OMEGA_SECURITY_CERTIFICATE), or accept another serializer too',
    );
  }
  const path = required(
    store,
    'securityCertStore',
    'OMEGA_SECURITY_CERT_STORE',
    'signed messages are accepted',
  );
  return createVerifier(readStore(path), securityDigest);
}

function openSigner(settings: Settings): Sign {
  const { securityKey, securityKeyPassword, securityCertificate, securityDigest } = settings;
  const why = 'messages are signed (OMEGA_TASK_SERIALIZER=auth)';
  const keyPath = required(securityKey, 'securityKey', 'OMEGA_SECURITY_KEY', why);
  const path = required(securityCertificate, 'securityCertificate', 'OMEGA_SECURITY_CERTIFICATE', why);
  const key = openKey(keyPath, securityKeyPassword);
  const certificate = openCertificate(path, 'OMEGA_SECURITY_CERTIFICATE');
  if (!certificate.belongsTo(key)) {
    throw new ImproperlyConfigured(
      `OMEGA_SECURITY_CERTIFICATE: ${path} is not the certificate of the private key in ${keyPath} (OMEGA_SECURITY_KEY)`,
    );
  }
  if (certificate.expires.getTime() <= Date.now()) {
    throw new ImproperlyConfigured(
      `OMEGA_SECURITY_CERTIFICATE: ${path} has expired (${certificate.expires.toISOString()}), and nobody would accept what it signs: make a new one`,
    );
  }
  return createSigner(key, certificate, securityDigest);
}

function openKey(path: string, password: string | undefined): KeyObject {
  const pem = readPem(path, 'OMEGA_SECURITY_KEY');
  try {
    const key = createPrivateKey({ key: pem, ...(password !== undefined && { passphrase: password }) });
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // What OpenSSL says of it helps nobody.
  }
  throw new ImproperlyConfigured(
    `OMEGA_SECURITY_KEY: ${path} is no RSA private key in PEM, or OMEGA_SECURITY_KEY_PASSWORD is not its password`,
  );
}

/** By their ids. Which have expired is seen when they are needed: the others are not to suffer for it. */
function readStore(path: string): ReadonlyMap<string, Certificate> {
  const variable = 'OMEGA_SECURITY_CERT_STORE';
  const certificates = new Map<string, Certificate>();
  const files = reading(path, variable, () => namedFiles(path));
  for (const file of files) {
    const certificate = openCertificate(file, variable);
    if (certificates.has(certificate.id)) {
      throw new ImproperlyConfigured(
        `${variable}: ${file} has issuer and serial number of another certificate ('${certificate.id}'): remove one of them`,
      );
    }
    certificates.set(certificate.id, certificate);
  }
  if (files.length > 0) return certificates;
  throw new ImproperlyConfigured(
    `${variable}: there is no certificate at ${path}: name a folder of them, or a pattern such as /etc/certs/*.pem`,
  );
}

function openCertificate(path: string, variable: string): Certificate {
  const pem = readPem(path, variable);
  try {
    return readCertificate(pem);
  } catch (error) {
    throw new ImproperlyConfigured(
      `${variable}: ${path} is no certificate in PEM that can be used: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function readPem(path: string, variable: string): string {
  return reading(path, variable, () => readFileSync(path, 'utf8'));
}

function reading<Read>(path: string, variable: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    throw new ImproperlyConfigured(
      `${variable}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function required(value: string | undefined, name: string, variable: string, why: string): string {
  if (value !== undefined) return value;
  throw new ImproperlyConfigured(`${name}: missing, and ${why}. Set ${variable}`);
}
