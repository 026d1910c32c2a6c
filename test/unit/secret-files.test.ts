import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadSettings, secretVariables } from '../../src/config.ts';
import { describeSettings } from '../../src/control/settings.ts';
import { ImproperlyConfigured } from '../../src/errors.ts';

/** A file that holds the text. */
function useFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'omega-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'secret');
  writeFileSync(path, text);
  return path;
}

describe('a secret', () => {
  it.each(['amqp://me:pass word@host/v\n', 'amqp://me:pass word@host/v\r\n', 'amqp://me:pass word@host/v'])(
    'is read from the file that its variable names with _FILE: %j',
    (text) => {
      expect(loadSettings({ OMEGA_BROKER_FILE: useFile(text) }).broker).toBe('amqp://me:pass word@host/v');
    },
  );

  it('is refused when it is given both ways, without being shown', () => {
    const env = { OMEGA_BROKER: 'amqp://me:s3cret@host', OMEGA_BROKER_FILE: useFile('amqp://me:0ther@host') };
    expect(() => loadSettings(env)).toThrow(/OMEGA_BROKER and OMEGA_BROKER_FILE are both set/);
    expect(() => loadSettings(env)).not.toThrow(/s3cret|0ther/);
  });

  it.each([
    ['is not there', '/nowhere/secret', /OMEGA_MONGO_URL_FILE: \/nowhere\/secret cannot be read/],
    ['is a folder', '/', /OMEGA_MONGO_URL_FILE: \/ cannot be read/],
  ])('whose file %s is an error of the settings', (_, path, text) => {
    const load = () => loadSettings({ OMEGA_MONGO_URL_FILE: path });
    expect(load).toThrow(ImproperlyConfigured);
    expect(load).toThrow(text);
  });

  it('whose file is empty is an error of the settings', () => {
    expect(() => loadSettings({ OMEGA_MONGO_URL_FILE: useFile('\n') })).toThrow(/is empty/);
  });

  it('that is no valid value is not repeated by the error', () => {
    const env = { OMEGA_BROKER_FILE: useFile('s3cret') };
    expect(() => loadSettings(env)).toThrow(/Set OMEGA_BROKER/);
    expect(() => loadSettings(env)).not.toThrow(/s3cret/);
  });
});

it('every setting that holds a secret is hidden from remote control', () => {
  const url = 'amqp://me:s3cret@host/v';
  const values: Readonly<Record<string, string>> = {
    ...{ OMEGA_MONGO_URL: 'mongodb://me:s3cret@host/db', OMEGA_RESULT_BACKEND: 'redis://:s3cret@host/0' },
    ...{ OMEGA_BROKER: url, OMEGA_BROKER_READ: url, OMEGA_BROKER_WRITE: `${url};amqp://you:s3cret@b` },
    ...{ OMEGA_SECURITY_KEY_PASSWORD: 's3cret', OMEGA_BROKER_KEY_PASSWORD: 's3cret' },
  };
  expect(Object.keys(values).sort()).toEqual(secretVariables().sort());
  expect(JSON.stringify(describeSettings(loadSettings(values), null))).not.toContain('s3cret');
});
