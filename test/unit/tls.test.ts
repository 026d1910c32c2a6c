import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadSettings, type SettingValues } from '../../src/config.ts';
import { ImproperlyConfigured } from '../../src/errors.ts';
import { brokerTls, uncheckedServers } from '../../src/tls.ts';
import { createAuthority } from '../support/certificates.ts';
import { securityFile } from '../support/signed-fixtures.ts';

const [CERT, KEY] = [securityFile('store/signer.pem'), securityFile('expired.key')];
const AMQPS = 'amqps://host/v';

const load = (values: SettingValues) => brokerTls(loadSettings({}, { broker: AMQPS, ...values }));

it('checks the server, and speaks TLS 1.2 or newer, unless it is told otherwise', () => {
  expect(load({})()).toEqual({ minVersion: 'TLSv1.2', rejectUnauthorized: true });
});

it.each<[string, SettingValues, RegExp]>([
  [
    'a file that is not there',
    { brokerCa: '/nowhere.pem' },
    /^OMEGA_BROKER_CA: \/nowhere.pem cannot be read/,
  ],
  ['what is no certificate', { brokerCa: KEY }, /^OMEGA_BROKER_CA: .* is no certificate in PEM/],
  ['what is no key', { brokerCert: CERT, brokerKey: CERT }, /^OMEGA_BROKER_KEY: .* is no private key/],
  [
    'a certificate without its key',
    { brokerCert: CERT },
    /OMEGA_BROKER_CERT is set without OMEGA_BROKER_KEY/,
  ],
  ['a key without its certificate', { brokerKey: KEY }, /OMEGA_BROKER_KEY is set without OMEGA_BROKER_CERT/],
  ['a URL without TLS', { brokerCa: CERT, broker: 'amqp://host/v' }, /a URL of the broker is not encrypted/],
  ['one URL of two without TLS', { brokerCa: CERT, broker: `${AMQPS};amqp://b/v` }, /is not encrypted/],
  ['a URL for publishing without TLS', { brokerCa: CERT, brokerWrite: 'amqp://b/v' }, /is not encrypted/],
])('refuses %s', (_, values, text) => {
  const wrong = () => load(values);
  expect(wrong).toThrow(ImproperlyConfigured);
  expect(wrong).toThrow(text);
});

it('takes a certificate that was renewed for the next connection', () => {
  const folder = mkdtempSync(join(tmpdir(), 'omega-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const authority = createAuthority(folder);
  const { cert, key } = authority.sign('client', 'DNS:client');
  const tls = load({ brokerCert: cert, brokerKey: key });
  const { cert: before } = tls();
  authority.sign('client', 'DNS:client');
  expect(tls().cert).not.toBe(before);
  writeFileSync(cert, '');
  expect(tls).toThrow(ImproperlyConfigured);
});

it.each([
  ['nothing by default', {}, 0],
  ['a broker', { brokerVerify: 'off' }, 1],
  ['MongoDB', { mongoUrl: 'mongodb://host/x?tls=true&tlsAllowInvalidCertificates=true' }, 1],
  ['host names at MongoDB', { mongoUrl: 'mongodb://host/x?tls=true&tlsAllowInvalidHostnames=true' }, 1],
  ['Redis', { resultBackend: 'rediss://host/0?ssl_cert_reqs=none' }, 1],
])('says aloud whose certificate is not checked: %s', (_, values, count) => {
  expect(uncheckedServers(loadSettings({}, values))).toHaveLength(count);
});
