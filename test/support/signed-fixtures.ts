/** Keys, certificates and bodies that Celery signed, by test/python/record_signed.py. All keys are throw-away ones. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSettings, type SettingValues } from '../../src/config.ts';
import type { Encoding } from '../../src/protocol/serializers.ts';
import type { Verify } from '../../src/protocol/signed-body.ts';
import { messageEncoding, messageVerifier } from '../../src/security.ts';

/** Path of a file of test/fixtures/security. */
export function securityFile(name: string): string {
  return join(fileURLToPath(new URL('../fixtures/security', import.meta.url)), name);
}

/** The settings of one who signs, and accepts what is signed by a certificate of the store. */
export const SIGNING = {
  acceptContent: 'auth',
  taskSerializer: 'auth',
  securityKey: securityFile('signer.key'),
  securityKeyPassword: 'throw-away',
  securityCertificate: securityFile('store/signer.pem'),
  securityCertStore: securityFile('store'),
} satisfies SettingValues;

/** One whose certificate is not in the store. */
export const STRANGER = {
  taskSerializer: 'auth',
  securityKey: securityFile('stranger.key'),
  securityCertificate: securityFile('stranger.pem'),
} satisfies SettingValues;

/** The same as environment variables. */
export function signingEnvironment(values: SettingValues = SIGNING): Record<string, string> {
  const variable = (name: string) =>
    `OMEGA_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [variable(name), String(value)]));
}

export function encodingOf(values: SettingValues = SIGNING): Encoding {
  return messageEncoding(loadSettings({}, values));
}

export function verifierOf(values: SettingValues = {}): Verify {
  const verify = messageVerifier(loadSettings({}, { ...SIGNING, ...values }));
  if (verify === undefined) throw new Error('nothing signed is accepted');
  return verify;
}

/** A body that Celery signed. */
interface SignedBody {
  readonly name: string;
  /** Id of the certificate. */
  readonly signer: string;
  readonly digest: string;
  readonly body: string;
  /** What was signed, in kombu's JSON. */
  readonly json: string;
}

export function signedBodies(): readonly SignedBody[] {
  return JSON.parse(readFileSync(securityFile('bodies.json'), 'utf8'));
}

export function signedBody(name: string): SignedBody {
  const body = signedBodies().find((one) => one.name === name);
  if (body === undefined) throw new Error(`no signed body is named ${name}`);
  return body;
}
