import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadSettings, type SettingValues } from '../../src/config.ts';
import { describeSettings } from '../../src/control/settings.ts';
import { ImproperlyConfigured } from '../../src/errors.ts';
import { messageEncoding, messageVerifier } from '../../src/security.ts';
import {
  SIGNING,
  STRANGER,
  securityFile,
  signedBody,
  signingEnvironment,
} from '../support/signed-fixtures.ts';

const load = (values: SettingValues) => loadSettings({}, { ...SIGNING, ...values });

/** A folder that is removed after the test. */
function useFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omega-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function errorOf(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    if (error instanceof ImproperlyConfigured) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('who signs', () => {
  it('needs a key and a certificate', () => {
    expect(errorOf(() => messageEncoding(load({ securityKey: undefined }))).message).toMatch(
      /Set OMEGA_SECURITY_KEY$/,
    );
    expect(errorOf(() => messageEncoding(load({ securityCertificate: undefined }))).message).toMatch(
      /Set OMEGA_SECURITY_CERTIFICATE$/,
    );
  });

  it.each<[string, SettingValues, RegExp]>([
    [
      'a file that is not there',
      { securityKey: '/nowhere/key.pem' },
      /OMEGA_SECURITY_KEY: \/nowhere\/key.pem .*ENOENT/,
    ],
    [
      'a wrong password',
      { securityKeyPassword: 'guessed' },
      /OMEGA_SECURITY_KEY_PASSWORD is not its password/,
    ],
    ['no password', { securityKeyPassword: undefined }, /OMEGA_SECURITY_KEY_PASSWORD is not its password/],
    ['what is no key', { securityKey: securityFile('bodies.json') }, /is no RSA private key in PEM/],
    [
      'a key that is not of RSA',
      { securityKey: securityFile('elliptic.key') },
      /is no RSA private key in PEM/,
    ],
    [
      'the certificate of another key',
      { securityCertificate: STRANGER.securityCertificate },
      /is not the certificate of/,
    ],
    [
      'a key as a certificate',
      { securityCertificate: securityFile('stranger.key') },
      /is no certificate in PEM/,
    ],
    [
      'an expired certificate',
      { securityKey: securityFile('expired.key'), securityCertificate: securityFile('expired.pem') },
      /has expired \(2021-01-01T/,
    ],
  ])('is told of %s, without the password', (_, values, text) => {
    const error = errorOf(() => messageEncoding(load(values)));
    expect(error.message).toMatch(text);
    expect(error.message).not.toMatch(/throw-away|guessed|PRIVATE KEY/);
  });

  it('is nobody by default, whatever else is set', () => {
    expect(messageEncoding(load({ taskSerializer: undefined }))).toEqual({ serializer: 'json' });
  });
});

describe('who verifies', () => {
  const verifier = (values: SettingValues) => messageVerifier(load(values));
  const reads = (store: string) =>
    verifier({ securityCertStore: store })?.(Buffer.from(signedBody('sha256').body)).contentType;

  it('is nobody where no signed messages are accepted', () => {
    expect(verifier({ acceptContent: undefined, securityCertStore: undefined })).toBeUndefined();
  });

  it.each([
    ['a folder', securityFile('store')],
    ['a folder that is relative', relative('.', securityFile('store'))],
    ['a pattern', securityFile('store/s*.pem')],
    ['a pattern with several wildcards', securityFile('s?ore/[!o]*')],
    ['a file', securityFile('store/signer.pem')],
  ])('knows the certificates of %s', (_, store) => {
    expect(reads(store)).toBe('application/json');
  });

  it('starts although a certificate has expired, and takes what others have signed', () => {
    const folder = useFolder();
    copyFileSync(securityFile('expired.pem'), join(folder, 'a'));
    copyFileSync(securityFile('store/signer.pem'), join(folder, 'b'));
    writeFileSync(join(folder, '.hidden'), 'no certificate');
    expect(reads(folder)).toBe('application/json');
  });

  it.each<[string, SettingValues, RegExp]>([
    ['no store', { securityCertStore: undefined }, /Set OMEGA_SECURITY_CERT_STORE$/],
    [
      'a folder that is not there',
      { securityCertStore: '/nowhere/*' },
      /there is no certificate at \/nowhere/,
    ],
    ['a file that is not there', { securityCertStore: '/nowhere/a.pem' }, /cannot be read: ENOENT/],
    [
      'what is no certificate',
      { securityCertStore: securityFile('bodies.json') },
      /bodies.json is no certificate/,
    ],
    [
      'a certificate of no RSA key',
      { securityCertStore: securityFile('elliptic.pem') },
      /only RSA can be used/,
    ],
    ['that it cannot read what it sends', { taskSerializer: 'json' }, /Set OMEGA_TASK_SERIALIZER to auth/],
  ])('is told of %s', (_, values, text) => {
    expect(errorOf(() => verifier(values)).message).toMatch(text);
  });

  it('is told of two certificates with one name', () => {
    const folder = useFolder();
    for (const name of ['a.pem', 'b.pem']) copyFileSync(securityFile('store/signer.pem'), join(folder, name));
    expect(errorOf(() => reads(folder)).message).toMatch(/b.pem has issuer and serial number of another/);
  });

  it('accepts unsigned messages too where they are named, and needs no key then', () => {
    expect(
      verifier({ acceptContent: 'auth,json', taskSerializer: 'json', securityKey: undefined }),
    ).toBeDefined();
  });
});

it('the settings of signing come from the environment, and show neither key nor password', () => {
  const settings = loadSettings(signingEnvironment());
  expect(settings).toMatchObject({ ...SIGNING, acceptContent: ['auth'], securityDigest: 'sha256' });
  expect(describeSettings(settings, loadSettings({}))).toMatchObject({
    ...{ security_key: '********', security_key_password: '********' },
    ...{ task_serializer: 'auth', security_certificate: SIGNING.securityCertificate },
  });
  expect(errorOf(() => loadSettings({ OMEGA_SECURITY_DIGEST: 'md5' })).message).toMatch(
    /Set OMEGA_SECURITY_DIGEST/,
  );
});
