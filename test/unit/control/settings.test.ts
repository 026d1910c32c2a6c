import { expect, it } from 'vitest';
import { describeSettings, describeWorker } from '../../../src/control/settings.ts';

const settings = {
  broker: 'amqp://me:s3cret@host/v',
  concurrency: undefined,
  httpPort: 0,
  queues: ['a'],
};

it('names settings as Celery does where it has them, and hides passwords', () => {
  const shown = describeSettings(settings, null);
  expect(shown).toEqual({
    broker_url: 'amqp://me:********@host/v',
    worker_concurrency: null,
    omega_http_port: 0,
    omega_queues: ['a'],
  });
  expect(describeWorker('1.2.3', shown)).toMatch(
    /omegaml-node:1\.2\.3 node:[\s\S]*broker_url: 'amqp:\/\/me:\*{8}@/,
  );
});

it('leaves out what has its default value', () => {
  expect(describeSettings(settings, { ...settings, httpPort: 80 })).toEqual({ omega_http_port: 0 });
});
