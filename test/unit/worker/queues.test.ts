import { describe, expect, it } from 'vitest';
import { loadSettings, type SettingValues } from '../../../src/config.ts';
import { ImproperlyConfigured } from '../../../src/errors.ts';
import { consumedQueues } from '../../../src/worker/queues.ts';

const taskQueues = [
  { name: 'video', exchange: 'media', exchangeType: 'topic', routingKey: 'video.#' },
  { name: 'mail', queueArguments: { 'x-max-length': 5 } },
  { name: 'news', broadcast: true },
];

function consumed(given: SettingValues) {
  return consumedQueues(loadSettings({}, given), 'me@host');
}

describe('the queues of a worker', () => {
  it('are those of the list where none are chosen, each with its exchange', () => {
    const [video, mail, news] = consumed({ taskQueues });
    expect(video).toMatchObject({ exchange: 'media', exchangeType: 'topic', routingKey: 'video.#' });
    expect(mail).toMatchObject({ exchange: 'mail', exchangeType: 'direct', routingKey: 'mail' });
    expect(news).toMatchObject({ alias: 'news', exchange: 'news', exchangeType: 'fanout' });
    expect(news?.name).toMatch(/^bcast\.[0-9a-f-]{36}$/);
  });

  it('are those that are chosen, without those that are excluded; others than those of the list are direct', () => {
    const queues = consumed({ taskQueues, queues: 'video,other,mail', excludeQueues: 'mail, x' });
    expect(queues.map(({ name, exchangeType }) => [name, exchangeType])).toEqual([
      ['video', 'topic'],
      ['other', 'direct'],
    ]);
  });

  it('come with one of the worker alone', () => {
    const binding = { exchange: 'C.dq2', exchangeType: 'direct', routingKey: 'me@host' };
    expect(consumed({ workerDirect: true })[1]).toEqual({ name: 'me@host.dq2', ...binding });
  });

  it('must be known where none may be created, and cannot be none', () => {
    const strict = { taskQueues, createMissingQueues: 'false' };
    expect(() => consumed({ ...strict, queues: 'video,other' })).toThrow(/'other'.*OMEGA_TASK_QUEUES/);
    expect(consumed({ ...strict, queues: 'other', defaultQueue: 'other' })).toHaveLength(1);
    expect(() => consumed({ excludeQueues: 'default' })).toThrow(ImproperlyConfigured);
  });
});
