import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, it, vi } from 'vitest';
import { until } from '../support/broker-harness.ts';
import { pythonPath } from '../support/python.ts';
import { type Place, usePlace, useTrace, useWorker } from '../support/worker.ts';

const client = fileURLToPath(new URL('../python/routing_app.py', import.meta.url));

interface Call {
  readonly task: string;
  readonly kwargs: object;
  readonly options: object;
}

interface Answers {
  readonly answers: unknown[];
  /** By nodename. */
  readonly queues: Readonly<
    Record<string, readonly { readonly name: string; readonly alias: string | null }[]>
  >;
}

async function callFromCelery(place: Place, calls: readonly Call[]): Promise<Answers> {
  const env = { ...process.env, OMEGA_BROKER: place.broker };
  const args = [client, place.queue, JSON.stringify(calls)];
  const { stdout } = await promisify(execFile)(pythonPath(), args, { env });
  return JSON.parse(stdout);
}

/** The queues of test/python/routing_app.py, and one at a headers exchange. */
function queuesOf({ queue }: Place): object[] {
  return [
    {
      ...{ name: `${queue}.video`, exchange: `${queue}.media`, exchangeType: 'topic', routingKey: 'video.#' },
      queueArguments: { 'x-queue-type': 'quorum' },
    },
    { name: `${queue}.news`, broadcast: true },
    {
      ...{ name: `${queue}.hd`, exchange: `${queue}.formats`, exchangeType: 'headers' },
      bindingArguments: { 'x-match': 'all', format: 'hd' },
    },
  ];
}

afterEach(() => {
  vi.unstubAllEnvs();
});

it("tasks of Celery's client reach our workers through topic, headers and fanout exchanges", async () => {
  const place = usePlace();
  const name = (suffix: string) => `${place.queue}.${suffix}`;
  vi.stubEnv('OMEGA_TASK_QUEUES', JSON.stringify(queuesOf(place)));
  vi.stubEnv('OMEGA_CONTROL_EXCHANGE', name('control'));
  const queues = ['direct', 'video', 'news', 'hd'].map(name).join(',');
  await Promise.all([useWorker(place, ['-Q', queues]), useWorker(place, ['-Q', queues])]);
  const { path, lines } = useTrace();
  const add = (x: number, options: object): Call => ({ task: 'test.add', kwargs: { x, y: 0 }, options });
  const { answers, queues: active } = await callFromCelery(place, [
    add(1, { queue: name('direct') }),
    add(2, { queue: name('video') }),
    add(3, { exchange: name('media'), routing_key: 'video.hd' }),
    add(4, { exchange: name('formats'), routing_key: 'any', headers: { format: 'hd' } }),
    add(5, { queue: name('video'), countdown: 2 }),
    { task: 'test.note', kwargs: { path, text: 'news' }, options: { queue: name('news') } },
  ]);
  expect(answers).toEqual([1, 2, 3, 4, 5, 'news']);
  await until(() => lines().length === 2);
  expect(lines()).toEqual(['news', 'news']);
  const own = Object.values(active).map((list) => list.find(({ alias }) => alias === name('news'))?.name);
  expect(new Set(own).size).toBe(2);
});
