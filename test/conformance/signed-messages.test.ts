import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { chain, chord, group } from '../../src/contract/canvas.ts';
import { signature } from '../../src/contract/task-signature.ts';
import type { TaskFailed } from '../../src/errors.ts';
import { type ConnectOptions, connect, type Omega } from '../../src/omega.ts';
import { connectOperator } from '../support/amqp-operator.ts';
import { until } from '../support/broker-harness.ts';
import { runPython } from '../support/celery-process.ts';
import { startCeleryWorker } from '../support/celery-worker.ts';
import { EXECUTION_TASKS } from '../support/sender.ts';
import { STRANGER, signingEnvironment } from '../support/signed-fixtures.ts';
import { type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const TIMEOUT = { timeout: 30_000 };

interface Step {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly options?: Readonly<Record<string, unknown>>;
}

beforeEach(() => {
  for (const [name, value] of Object.entries(signingEnvironment())) vi.stubEnv(name, value);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Results of chains that a signing client of Celery sends, or names of its exceptions. */
async function callFromCelery(place: Place, calls: readonly (readonly Step[])[]): Promise<unknown[]> {
  vi.stubEnv('BROKER', place.broker);
  vi.stubEnv('BACKEND', place.mongoUrl);
  vi.stubEnv('QUEUE', place.queue);
  return JSON.parse(await runPython(['signed_app.py', JSON.stringify(calls)]));
}

/** A client that is told all of its settings: the environment is that of one who signs. */
async function useClientWith(place: Place, options: ConnectOptions): Promise<Omega> {
  const om = await connect({
    ...{ mongoUrl: place.mongoUrl, broker: place.broker, queues: place.queue },
    ...options,
  });
  onTestFinished(() => om.close());
  return om;
}

/** A worker of Celery that accepts signed messages only, and its queue. */
async function useSignedPython(place: Place): Promise<string> {
  const queue = `${place.queue}.py`;
  const env = { BROKER: place.broker, BACKEND: place.mongoUrl, QUEUE: queue };
  const worker = await startCeleryWorker('signed_app', env);
  onTestFinished(() => worker.stop());
  return queue;
}

it('a worker that accepts only signed messages runs what a signing client of Celery sends', async () => {
  const place = usePlace();
  await useWorker(place);
  const plus = (...args: number[]): Step => ({ task: 'test.plus', args });
  const results = await callFromCelery(place, [
    [plus(1, 2)],
    [plus(1, 2), plus(10), plus(100)],
    [{ ...plus(2, 2), options: { countdown: 1.5 } }],
    [{ ...plus(3, 2), options: { compression: 'gzip' } }],
  ]);
  expect(results).toEqual([3, 113, 4, 5]);
});

it('a message that is not signed, or signed by a stranger, is refused, told of and kept', async () => {
  const place = usePlace();
  const { path, lines } = useTrace();
  const worker = await useWorker(place);
  const [unsigned, stranger] = await Promise.all([
    useClientWith(place, { taskSerializer: 'json' }),
    useClientWith(place, { ...STRANGER, securityKeyPassword: 'of no use' }),
  ]);
  const failureOf = (om: Omega) =>
    om.runtime
      .send('test.note', [], { path, text: 'ran' })
      .get(TIMEOUT)
      .catch((error) => error as TaskFailed);
  expect(await failureOf(unsigned)).toMatchObject({
    excType: 'ContentDisallowed',
    message: expect.stringContaining("send auth (Celery: task_serializer='auth')"),
  });
  expect(await failureOf(stranger)).toMatchObject({
    excType: 'SecurityError',
    message: expect.stringContaining('is unknown here: add it to OMEGA_SECURITY_CERT_STORE'),
  });
  // As Celery's own: their options name another serializer, by which they are not signed.
  const options = { serializer: 'json' };
  expect(await callFromCelery(place, [[{ task: 'test.plus', args: [1, 2], options }]])).toEqual([
    'ContentDisallowed',
  ]);

  const operator = await connectOperator(place.broker);
  onTestFinished(() => operator.close());
  await until(async () => (await operator.ready(`${place.queue}.dead`)) === 3);
  const dead = await operator.take(`${place.queue}.dead`, 3);
  await operator.deleteQueue(`${place.queue}.dead`);
  const reasons = dead.map(({ properties }) => String(properties.headers?.['x-omega-reason']));
  expect(reasons.filter((reason) => reason.includes('is not accepted'))).toHaveLength(2);
  expect(reasons.filter((reason) => reason.includes('is unknown here'))).toHaveLength(1);
  expect(lines()).toEqual([]);
  expect(JSON.stringify(worker.lines)).not.toMatch(/throw-away|PRIVATE KEY/);
});

it('our signing client is served by a worker of Celery that accepts only signed messages', async () => {
  const place = usePlace();
  const queue = await useSignedPython(place);
  const om = await useClient(place);
  const add = (...args: number[]) => signature<unknown, number>('py.add', args);
  const results = [
    om.runtime.send('py.add', [1, 2], {}, { queue }),
    om.runtime.send('py.add', [1, 3], {}, { queue, compression: 'gzip' }),
    om.runtime.send('py.add', [1, 4], {}, { queue, serializer: 'yaml' }),
    om.runtime.send('py.add', [1, 5], {}, { queue, countdown: 1.5 }),
    om.runtime.send('py.again', [6], {}, { queue }),
    om.runtime.apply(chain(add(1, 2), add(5)), { queue }),
  ];
  expect(await Promise.all(results.map((result) => result.get(TIMEOUT)))).toEqual([3, 4, 5, 6, 7, 8]);
});

it('signed tasks go on, from our workers to those of Celery and back: chains, chords, retries', async () => {
  const place = usePlace();
  const [queue] = await Promise.all([useSignedPython(place), useWorker(place, [EXECUTION_TASKS])]);
  const om = await useClient(place);
  const plus = (...args: number[]) =>
    signature<unknown, number>('test.plus', args, {}, { queue: place.queue });
  const add = (...args: number[]) => signature<unknown, number>('py.add', args, {}, { queue });
  expect(await om.runtime.apply(chain(plus(1, 2), add(10), plus(100))).get(TIMEOUT)).toBe(113);
  const sum = signature<unknown, number>('test.sum', [], {}, { queue: place.queue });
  expect(await om.runtime.apply(chord([plus(1, 2), plus(3, 4)], sum)).get(TIMEOUT)).toBe(10);
  expect(await om.runtime.apply(group([plus(1, 1), add(2, 2)])).get(TIMEOUT)).toEqual([2, 4]);
  // With another input at each run, which the worker has to sign.
  const { path, lines } = useTrace();
  const input = { path, times: 2, countdown: 0 };
  expect(await om.runtime.send('exec.again', [], input, { taskId: randomUUID() }).get(TIMEOUT)).toBe('done');
  expect(lines()).toHaveLength(3);
});
