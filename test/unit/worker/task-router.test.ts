import { expect, it } from 'vitest';
import { loadSettings } from '../../../src/config.ts';
import { InvalidTaskError } from '../../../src/errors.ts';
import { createTaskRouter } from '../../../src/worker/task-router.ts';

const LIMITED = loadSettings({
  OMEGA_CREATE_MISSING_QUEUES: 'off',
  OMEGA_WORKER_LABEL: 'mine,other',
  OMEGA_TASK_QUEUES: '[{"name":"listed","exchange":"x","exchangeType":"topic","routingKey":"k"}]',
  OMEGA_TASK_ROUTES: '{"shop.*":"routed"}',
});

it('what a task sends goes anywhere by default, as in Celery', () => {
  const route = createTaskRouter(loadSettings({}));
  expect(route('t', { queue: 'anywhere' })).toMatchObject({ queue: 'anywhere' });
  expect(route('t', { exchange: 'amq.topic', routingKey: 'k' })).toMatchObject({ exchange: 'amq.topic' });
});

it.each([
  [{ queue: 'mine' }],
  [{ queue: 'other' }],
  [{ queue: 'listed' }],
  [{ queue: 'routed' }],
  [{}],
  [{ exchange: 'x' }],
])('with a list of queues it goes to those that the settings name: %j', (given) => {
  expect(() => createTaskRouter(LIMITED)('t', given)).not.toThrow();
});

it.each([
  [{ queue: 'anywhere' }],
  [{ exchange: 'amq.topic', routingKey: 'mine' }],
  [{ queue: 'mine', exchange: 'celeryev', routingKey: 'k' }],
])('with a list of queues it goes nowhere else: %j', (given) => {
  expect(() => createTaskRouter(LIMITED)('t', given)).toThrow(InvalidTaskError);
});
