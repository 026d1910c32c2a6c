import { describe, expect, it } from 'vitest';
import { describeSettings, loadSettings } from '../../src/config.ts';
import { ImproperlyConfigured } from '../../src/errors.ts';

describe('loadSettings', () => {
  it('gives the defaults when nothing is set', () => {
    const settings = loadSettings({});
    expect(settings).toMatchObject({
      queues: ['default'],
      bucket: 'omegaml',
      resultBackend: '',
      taskTimeout: 1200,
    });
    expect(settings.concurrency).toBeUndefined();
  });

  it('prefers what the caller gives to the environment, and the environment to the defaults', () => {
    const env = { OMEGA_WORKER_LABEL: 'a', OMEGA_TASK_TIMEOUT: '5' };
    expect(loadSettings(env, { queues: 'b, c' })).toMatchObject({ queues: ['b', 'c'], taskTimeout: 5 });
  });

  it('takes the queue from CELERY_Q where OMEGA_WORKER_LABEL is not set', () => {
    expect(loadSettings({ CELERY_Q: 'gpu' }).queues).toEqual(['gpu']);
  });

  it('ignores OMEGA_ variables of others', () => {
    expect(() => loadSettings({ OMEGA_JYHUB_USER: 'x' })).not.toThrow();
  });

  it('names every wrong setting, where it is set and what it is for', () => {
    const load = () => loadSettings({ OMEGA_BROKER: 'http://x', OMEGA_HTTP_PORT: 'abc' });
    expect(load).toThrow(ImproperlyConfigured);
    expect(load).toThrow(
      /broker: .*Set OMEGA_BROKER: RabbitMQ.*\n.*httpPort: .*OMEGA_HTTP_PORT or --http-port/,
    );
  });

  it('reads queues and routes from JSON, and consumes all of the queues unless some are chosen', () => {
    const env = {
      OMEGA_TASK_QUEUES: '[{"name":"a","exchange":"x","exchangeType":"topic"},{"name":"b"}]',
      OMEGA_TASK_ROUTES: '{"shop.*":"a","shop.pay":{"queue":"b","priority":3}}',
    };
    const settings = loadSettings(env);
    expect(settings.queues).toEqual(['a', 'b']);
    expect(loadSettings(env, { queues: 'b' }).queues).toEqual(['b']);
    expect(settings.taskQueues[0]).toEqual({
      ...{ name: 'a', exchange: 'x', exchangeType: 'topic', routingKey: 'a', broadcast: false },
    });
    expect(settings.taskRoutes).toEqual([
      ['shop.*', { queue: 'a' }],
      ['shop.pay', { queue: 'b', priority: 3 }],
    ]);
  });

  it.each([
    ['OMEGA_TASK_QUEUES', '[{"name":'],
    ['OMEGA_TASK_QUEUES', '[{"name":"a","exchangeTyp":"topic"}]'],
    ['OMEGA_TASK_QUEUES', '{"name":"a"}'],
    ['OMEGA_TASK_ROUTES', '{"a":{"queues":"b"}}'],
    ['OMEGA_TASK_ROUTES', '"a"'],
  ])('says what is wrong with %s=%s', (name, value) => {
    expect(() => loadSettings({ [name]: value })).toThrow(new RegExp(`Set ${name}: `));
  });

  it('takes several brokers, as a list or with ; between them', () => {
    const two = 'amqp://a;amqps://b';
    expect(loadSettings({ OMEGA_BROKER: two }).broker).toBe(two);
    expect(loadSettings({}, { broker: ['amqp://a', 'amqps://b'] }).broker).toBe(two);
  });

  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(loadSettings({}))).toBe(true);
  });
});

describe('describeSettings', () => {
  it('gives every setting a description and an environment variable', () => {
    for (const { description, origin } of describeSettings()) {
      expect(description).not.toBe('');
      expect(origin.env.length).toBeGreaterThan(0);
    }
  });
});
