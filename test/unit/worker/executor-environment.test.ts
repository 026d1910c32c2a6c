import { expect, it } from 'vitest';
import { loadSettings } from '../../../src/config.ts';
import { notebookEnvironment } from '../../../src/notebook-environment.ts';
import { executorEnvironment } from '../../../src/worker/executor-environment.ts';

const ENVIRONMENT = {
  HOME: '/home/me',
  SHOP_TOKEN: 'for the tasks',
  OMEGA_BROKER: 'amqp://me:s3cret@host/v',
  OMEGA_BROKER_WRITE: 'amqp://me:s3cret@host/w',
  OMEGA_RESULT_BACKEND: 'redis://:s3cret@host/0',
  OMEGA_SECURITY_KEY_PASSWORD: 's3cret',
  OMEGA_MONGO_URL: 'mongodb://me:data@host/db',
  OMEGA_BROKER_CA: '/certs/ca.pem',
};

it('executors see what tasks may need, and no secret but that of the data', () => {
  const seen = executorEnvironment(loadSettings(ENVIRONMENT), ENVIRONMENT);
  expect(seen).toMatchObject({ HOME: '/home/me', SHOP_TOKEN: 'for the tasks' });
  expect(seen.OMEGA_MONGO_URL).toBe(ENVIRONMENT.OMEGA_MONGO_URL);
  expect(JSON.stringify(seen)).not.toContain('s3cret');
});

it('executors keep little memory that their threads have freed, unless the environment says how much', () => {
  expect(executorEnvironment(loadSettings({}), {})).toMatchObject({ MALLOC_ARENA_MAX: '2' });
  const given = { MALLOC_ARENA_MAX: '8' };
  expect(executorEnvironment(loadSettings(given), given)).toMatchObject(given);
});

it('executors are not told of the files of secrets', () => {
  const files = { OMEGA_BROKER_FILE: '/run/secrets/broker', OMEGA_MONGO_URL_FILE: '/run/secrets/mongo' };
  const seen = executorEnvironment(loadSettings({}), files);
  expect(Object.keys(seen).filter((name) => name.endsWith('_FILE'))).toEqual([]);
});

it('notebooks are told where the servers are only when that is granted', () => {
  expect(notebookEnvironment(loadSettings(ENVIRONMENT))).toEqual({ OMEGA_BUCKET: 'omegaml' });
  const granted = { ...ENVIRONMENT, OMEGA_NOTEBOOK_ACCESS: 'on' };
  expect(notebookEnvironment(loadSettings(granted))).toEqual({
    ...{ OMEGA_BUCKET: 'omegaml', OMEGA_BROKER: ENVIRONMENT.OMEGA_BROKER, OMEGA_BROKER_VERIFY: 'true' },
    ...{ OMEGA_MONGO_URL: ENVIRONMENT.OMEGA_MONGO_URL, OMEGA_BROKER_CA: '/certs/ca.pem' },
  });
  expect(executorEnvironment(loadSettings(granted), granted).OMEGA_BROKER).toBe(ENVIRONMENT.OMEGA_BROKER);
});
