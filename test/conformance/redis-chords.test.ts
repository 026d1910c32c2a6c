/** Chords that are counted in Redis: of our client, on our worker and one of Celery's. */
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { connectRedis } from '../../src/backend/redis-client.ts';
import { connectTransport } from '../../src/broker/transport.ts';
import { chain, chord, group } from '../../src/contract/canvas.ts';
import type { AnySignature } from '../../src/contract/signature.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { encodeTask } from '../../src/protocol/task-message.ts';
import { redisUrl } from '../support/redis.ts';
import { useCeleryWorker } from '../support/results-app.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const TASKS = fileURLToPath(new URL('../../dist/test/support/canvas-tasks.js', import.meta.url));
const WAIT = { timeout: 60_000 };

const call = (name: string, ...args: unknown[]): AnySignature => signature(`canvas.${name}`, args);
const on = (queue: string, { options, ...given }: AnySignature): AnySignature => ({
  ...given,
  options: { ...options, queue },
});

function useRedisResults(): void {
  vi.stubEnv('OMEGA_RESULT_BACKEND', redisUrl());
  onTestFinished(() => void vi.unstubAllEnvs());
}

it('a header may have chains, groups and chords in it, and tasks of a Celery worker', WAIT, async () => {
  useRedisResults();
  const place = usePlace();
  const other = `${place.queue}-other`;
  const [om] = await Promise.all([
    useClient(place),
    useWorker(place, [TASKS]),
    useCeleryWorker(place, redisUrl(), { app: 'canvas_worker', queue: other }),
  ]);
  const there = (name: string, ...args: unknown[]) => on(other, call(name, ...args));
  const line = chain(there('add', 1, 1), call('add', 1), there('add', 1));
  const inner = chord([there('add', 5, 5), call('add', 1, 1)], call('tsum'));
  const many = Array.from({ length: 40 }, (_, n) => (n % 2 ? there('add', n, n) : call('add', n, n)));
  const shapes = [
    [chord([line, there('add', 2, 2)], call('tsum')), 8],
    [chord([inner, call('add', 1, 1)], there('tsum')), 14],
    // As in Celery: a group in a header is taken apart from its end.
    [chord([call('add', 1, 1), group([there('add', 2, 2), call('add', 3, 3)])], call('identity')), [2, 6, 4]],
    [chain(call('add', 1, 1), group([call('add', 1), there('add', 2)]), there('tsum'), call('add', 1)), 8],
    [chord(many, chain(there('tsum'), call('add', 1))), 1561],
  ] as const;
  const results = shapes.map(([shape]) => om.runtime.apply(shape as AnySignature));
  expect(await Promise.all(results)).toEqual(shapes.map(([, result]) => result));
});

it.each(['here', 'there'])('a chord whose header failed %s fails with that', WAIT, async (where) => {
  useRedisResults();
  const place = usePlace();
  const other = `${place.queue}-other`;
  const [om] = await Promise.all([
    useClient(place),
    useWorker(place, [TASKS]),
    where === 'there' && useCeleryWorker(place, redisUrl(), { app: 'canvas_worker', queue: other }),
  ]);
  const failing = where === 'there' ? on(other, call('fail')) : call('fail');
  await expect(om.runtime.apply(chord([call('add', 1, 1), failing], call('tsum')))).rejects.toMatchObject({
    excType: 'ChordError',
    message: expect.stringMatching(/Dependency [\w-]+ raised ValueError\('boom'\)/),
  });
});

it('a worker takes over from one that was gone before it had sent the body', WAIT, async () => {
  useRedisResults();
  const place = usePlace();
  const trace = useTrace();
  const { client: redis } = await connectRedis(redisUrl());
  onTestFinished(() => redis.disconnect());
  const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
  const handle = om.runtime.apply(chord([call('note', 1, trace.path, 1), call('add', 1, 1)], call('tsum')));
  await expect.poll(trace.lines).toHaveLength(1);
  await redis.set(`celery-taskset-meta-${handle.parent?.id}.c`, 'gone', 'EX', 3);
  expect(await handle).toBe(3);
});

it('a chord whose body is no signature is passed over, and the worker goes on', WAIT, async () => {
  useRedisResults();
  const place = usePlace();
  const [om, transport, worker, { client: redis }] = await Promise.all([
    useClient(place),
    connectTransport({ url: place.broker, name: 'test', retry: false }),
    useWorker(place, [TASKS, '-c', '1']),
    connectRedis(redisUrl()),
  ]);
  onTestFinished(() => transport.close());
  onTestFinished(() => redis.disconnect());
  await redis.set(`celery-taskset-meta-${place.queue}.s`, '1', 'EX', 60);
  const message = { taskName: 'canvas.add', args: [1, 2], kwargs: {}, queue: place.queue, replyTo: '' };
  const part = { taskId: place.queue, groupId: place.queue, groupIndex: 0, embed: { chord: { args: 3 } } };
  await transport.publish(encodeTask({ ...message, ...part }));
  expect(await om.runtime.result(place.queue)).toBe(3);
  expect(await om.runtime.apply(call('add', 1, 1))).toBe(2);
  expect(await worker.stop()).toBe(0);
  expect(worker.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});
