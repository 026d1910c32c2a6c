import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import type { ResultStore } from '../../src/backend/backend.ts';
import { openResultStore } from '../../src/backend/backends.ts';
import { TaskFailed } from '../../src/errors.ts';
import { connect, type Omega } from '../../src/omega.ts';
import { redisUrl } from '../support/redis.ts';
import { type CeleryResult, runCelery, useCeleryWorker } from '../support/results-app.ts';
import { type Place, usePlace, useWorker } from '../support/worker.ts';

const BACKENDS = ['rpc', 'mongodb', 'redis'] as const;
type Backend = (typeof BACKENDS)[number];

function urlOf(backend: Backend, place: Place): string {
  return { rpc: 'rpc://', mongodb: place.mongoUrl, redis: redisUrl() }[backend];
}

async function useClientAt(place: Place, resultBackend: string): Promise<Omega> {
  const { mongoUrl, broker, queue: queues } = place;
  const om = await connect({ mongoUrl, broker, queues, resultBackend });
  onTestFinished(() => om.close());
  return om;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

it.each(BACKENDS)("Celery's client reads what our worker reports on %s://", async (backend) => {
  const place = usePlace();
  const url = urlOf(backend, place);
  vi.stubEnv('OMEGA_RESULT_BACKEND', url);
  await useWorker(place);
  const calls = ['test.add:{"x": 1, "y": 2}', 'test.add:{"x": "one"}', 'no.such.task:{}', 'test.add:null'];
  const [added, failed, unknown, revoked] = await runCelery<CeleryResult[]>(place, url, 'call', ...calls);
  expect(added).toMatchObject({ state: 'SUCCESS', result: 3 });
  expect(failed).toMatchObject({
    state: 'FAILURE',
    exception: ['TypeError', [expect.stringContaining('test.add')]],
  });
  expect(unknown).toMatchObject({ state: 'FAILURE', exception: ['NotRegistered', expect.anything()] });
  expect(revoked).toMatchObject({ state: 'REVOKED', exception: ['TaskRevokedError', ['revoked']] });
});

it.each(BACKENDS)("our client reads what Celery's worker reports on %s://", async (backend) => {
  const place = usePlace();
  const url = urlOf(backend, place);
  const [om] = await Promise.all([useClientAt(place, url), useCeleryWorker(place, url)]);
  const added = om.runtime.send('py.add', [1, 2]);
  expect(await added.get({ timeout: 20_000 })).toBe(3);
  expect(await added.meta()).toMatchObject({
    state: 'SUCCESS',
    request: {
      name: 'py.add',
      args: [1, 2],
      kwargs: {},
      worker: `${place.queue}@celery`,
      retries: 0,
      queue: place.queue,
    },
  });
  const failure = om.runtime.send('py.fail').get({ timeout: 20_000 });
  await expect(failure).rejects.toThrow(TaskFailed);
  await expect(failure).rejects.toMatchObject({
    excType: 'ShopError',
    message: "ShopError: sold out, {'left': 0}",
  });
  expect(await om.runtime.send('py.retry').get({ timeout: 20_000 })).toBe(1);
});

it.each(['rpc', 'redis'] as const)(
  'every state of a task of Celery is heard of on %s://',
  async (backend) => {
    const place = usePlace();
    const url = urlOf(backend, place);
    const om = await useClientAt(place, url);
    const handle = om.runtime.send('py.progress', [2]);
    const updates = handle.updates({ timeout: 60_000 });
    const states: unknown[] = [];
    const read = (async () => {
      for await (const { state, result } of updates)
        states.push(state === 'STARTED' ? state : [state, result]);
    })();
    await useCeleryWorker(place, url);
    await read;
    expect(states).toEqual(['STARTED', ['PROGRESS', { done: 0 }], ['PROGRESS', { done: 1 }], ['SUCCESS', 2]]);
  },
);

it.each(['mongodb', 'redis'] as const)(
  'groups are saved and found by both sides on %s://',
  async (backend) => {
    const place = usePlace();
    const url = urlOf(backend, place);
    const store: ResultStore = await openResultStore(url, { expires: 3600 });
    onTestFinished(() => store.close());
    const saved = await runCelery<string>(place, url, 'save', 'one', 'two');
    expect(await store.fetchGroup(saved)).toEqual(['one', 'two']);
    await store.saveGroup(`${place.queue}-group`, ['three', 'four']);
    expect(await runCelery(place, url, 'group', `${place.queue}-group`)).toEqual(['three', 'four']);
  },
);

it("a large result in MongoDB is a dict for Celery's client, which says where the value is", async () => {
  const place = usePlace();
  const store = await openResultStore(place.mongoUrl, { expires: 3600 });
  onTestFinished(() => store.close());
  const text = JSON.stringify('x'.repeat(12 * 1024 * 1024)) as never;
  const to = {
    taskId: `${place.queue}-large` as never,
    groupId: null,
    parentId: null,
    replyTo: null,
    correlationId: '',
  };
  await store.store({
    ...to,
    state: 'SUCCESS',
    result: text,
    traceback: null,
    children: [],
    dateDone: new Date(),
  });
  const [large] = await runCelery<CeleryResult[]>(place, place.mongoUrl, 'get', to.taskId);
  expect(large).toMatchObject({ state: 'SUCCESS', result: { omega_large: { bucket: 'celery_results' } } });
});
