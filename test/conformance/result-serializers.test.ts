import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openResultStore } from '../../src/backend/backends.ts';
import { chord } from '../../src/contract/canvas.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { connect, type Omega } from '../../src/omega.ts';
import { redisUrl } from '../support/redis.ts';
import { type CeleryResult, runCelery, useCeleryWorker } from '../support/results-app.ts';
import { type Place, usePlace, useWorker } from '../support/worker.ts';

const BACKENDS = ['rpc', 'mongodb', 'redis'] as const;
type Backend = (typeof BACKENDS)[number];
const WRITABLE = ['yaml', 'msgpack'] as const;
const READABLE = [...WRITABLE, 'pickle'] as const;
const HUGE = `test.echo:{"value": ${2n ** 70n}}`;
const WAIT = { timeout: 90_000 };

const value = [1, -1.5, 'é\n', null, { a: [true, { b: 2 ** 40 }], '1:30': 'yes' }];

function urlOf(backend: Backend, place: Place): string {
  return { rpc: 'rpc://', mongodb: place.mongoUrl, redis: redisUrl() }[backend];
}

/** A client whose results are of the serializer, as it is for the worker that is started next. */
async function useClientOf(serializer: string, place: Place, resultBackend: string): Promise<Omega> {
  vi.stubEnv('CELERY_RESULT_SERIALIZER', serializer);
  vi.stubEnv('OMEGA_RESULT_BACKEND', resultBackend);
  vi.stubEnv('OMEGA_RESULT_ACCEPT_CONTENT', serializer);
  if (serializer !== 'pickle') vi.stubEnv('OMEGA_RESULT_SERIALIZER', serializer);
  const om = await connect({ mongoUrl: place.mongoUrl, broker: place.broker, queues: place.queue });
  onTestFinished(() => om.close());
  return om;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

const pairs = <Serializer extends string>(serializers: readonly Serializer[], backends: readonly Backend[]) =>
  serializers.flatMap((serializer) => backends.map((backend) => [serializer, backend] as const));

describe('results of another serializer', () => {
  it.each(pairs(WRITABLE, BACKENDS))(
    "Celery's client and ours read what our worker writes in %s on %s://",
    WAIT,
    async (serializer, backend) => {
      const place = usePlace();
      const url = urlOf(backend, place);
      const om = await useClientOf(serializer, place, url);
      await useWorker(place);
      const calls = [
        `test.echo:${JSON.stringify({ value })}`,
        'test.add:{"x": "one"}',
        'test.add:null',
        HUGE,
      ];
      const [echoed, failed, revoked, huge] = await runCelery<CeleryResult[]>(place, url, 'call', ...calls);
      expect(echoed).toMatchObject({ state: 'SUCCESS', result: value });
      expect(failed).toMatchObject({
        state: 'FAILURE',
        exception: ['TypeError', [expect.stringContaining('test.add')]],
      });
      expect(revoked).toMatchObject({ state: 'REVOKED', exception: ['TaskRevokedError', ['revoked']] });
      // msgpack has no integers of more than 64 bits.
      expect(huge).toMatchObject(
        serializer === 'msgpack'
          ? { state: 'FAILURE', exception: ['EncodeError', [expect.stringContaining('64 bits')]] }
          : { state: 'SUCCESS', result: 2 ** 70 },
      );
      expect(await om.runtime.send('test.echo', [], { value }).get({ timeout: 20_000 })).toEqual(value);
    },
  );

  it.each(pairs(READABLE, BACKENDS))(
    "our client reads what Celery's worker writes in %s on %s://",
    WAIT,
    async (serializer, backend) => {
      const place = usePlace();
      const url = urlOf(backend, place);
      const om = await useClientOf(serializer, place, url);
      await useCeleryWorker(place, url);
      const echoed = om.runtime.send('py.echo', [value]);
      expect(await echoed.get({ timeout: 30_000 })).toEqual(value);
      expect(await echoed.meta()).toMatchObject({
        state: 'SUCCESS',
        request: { name: 'py.echo', args: [value] },
      });
      await expect(om.runtime.send('py.fail').get({ timeout: 30_000 })).rejects.toMatchObject({
        excType: 'ShopError',
        message: "ShopError: sold out, {'left': 0}",
      });
      expect(await om.runtime.send('py.retry').get({ timeout: 30_000 })).toBe(1);
    },
  );

  it.each(pairs(READABLE, BACKENDS).filter(([, backend]) => backend !== 'mongodb'))(
    'every state on the way is read too, in %s on %s://',
    WAIT,
    async (serializer, backend) => {
      const place = usePlace();
      const url = urlOf(backend, place);
      const om = await useClientOf(serializer, place, url);
      const states: unknown[] = [];
      const updates = om.runtime.send('py.progress', [1]).updates({ timeout: 60_000 });
      const read = (async () => {
        for await (const { state } of updates) states.push(state);
      })();
      await useCeleryWorker(place, url);
      await read;
      expect(states).toEqual(['STARTED', 'PROGRESS', 'SUCCESS']);
    },
  );

  it.each(pairs(WRITABLE, ['mongodb', 'redis']))(
    'workers of both kinds join a chord in %s on %s://, and both sides find groups',
    WAIT,
    async (serializer, backend) => {
      const place = usePlace();
      const url = urlOf(backend, place);
      const queue = `${place.queue}-other`;
      const om = await useClientOf(serializer, place, url);
      await Promise.all([useWorker(place), useCeleryWorker(place, url, { queue })]);
      const header = [signature('test.plus', [1, 1]), signature('py.add', [2, 2], {}, { queue })];
      const bodies = [signature('test.sum'), signature('py.sum', [], {}, { queue })];
      const joined = bodies.map((body) => om.runtime.apply(chord(header, body as never)));
      expect(await Promise.all(joined)).toEqual([6, 6]);
      const content = { serializer, accept: [serializer] };
      const store = await openResultStore(url, { expires: 60, content });
      onTestFinished(() => store.close());
      expect(await store.fetchGroup(await runCelery(place, url, 'save', 'one', 'two'))).toEqual([
        'one',
        'two',
      ]);
      await store.saveGroup(`${place.queue}-group`, ['three']);
      expect(await runCelery(place, url, 'group', `${place.queue}-group`)).toEqual(['three']);
    },
  );

  it('is refused by name where it is not accepted', WAIT, async () => {
    const place = usePlace();
    await useClientOf('pickle', place, 'rpc://');
    await useCeleryWorker(place, 'rpc://');
    vi.stubEnv('OMEGA_RESULT_ACCEPT_CONTENT', 'json');
    const om = await connect({ mongoUrl: place.mongoUrl, broker: place.broker, queues: place.queue });
    onTestFinished(() => om.close());
    await expect(om.runtime.send('py.add', [1, 2]).get({ timeout: 30_000 })).rejects.toThrow(
      /is pickle, and json is accepted.*OMEGA_RESULT_ACCEPT_CONTENT/,
    );
  });
});
