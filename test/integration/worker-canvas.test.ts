import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { connectTransport } from '../../src/broker/transport.ts';
import { chain, chord, group } from '../../src/contract/canvas.ts';
import type { AnySignature } from '../../src/contract/signature.ts';
import { signature } from '../../src/contract/task-signature.ts';
import { connectMongo, type Mongo } from '../../src/mongo/client.ts';
import { encodeTask } from '../../src/protocol/task-message.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const TASKS = fileURLToPath(new URL('../../dist/test/support/canvas-tasks.js', import.meta.url));
const WAIT = { timeout: 40_000 };

const call = (name: string, ...args: unknown[]): AnySignature => signature(`canvas.${name}`, args);

async function useMongo({ mongoUrl }: Place): Promise<Mongo> {
  const mongo = await connectMongo(mongoUrl);
  onTestFinished(() => mongo.close());
  return mongo;
}

it('a chord of our client is joined once, by the worker that ends its header', WAIT, async () => {
  const place = usePlace();
  const [om, mongo] = await Promise.all([useClient(place), useMongo(place), useWorker(place, [TASKS])]);
  const header = Array.from({ length: 40 }, (_, n) => call('add', n, n));
  expect(await om.runtime.apply(chord(header, call('tsum')))).toBe(1560);
  const joins = await mongo.db.collection('omega_joins').find().toArray();
  expect(joins).toMatchObject([{ state: 'joined', size: 40, done: 40, claims: 1 }]);
  const unlocks = await mongo.db.collection('celery_taskmeta').countDocuments({ status: 'RETRY' });
  expect(unlocks).toBe(0);
});

it('chords in chains and in headers of chords are joined too', WAIT, async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
  const inner = chain(call('add', 1, 1), group([call('add', 2), call('add', 3)]), call('tsum'));
  const outer = chord(
    [inner, chord([call('add', 5, 5)], call('tsum'))],
    chain(call('tsum'), call('add', 100)),
  );
  expect(await om.runtime.apply(outer)).toBe(119);
});

it(
  'a chord whose header failed fails with the failure of its task, and its errback gets its id',
  WAIT,
  async () => {
    const place = usePlace();
    const trace = useTrace();
    const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
    const body = { ...call('tsum'), options: { link_error: [call('note', trace.path)] } };
    const handle = om.runtime.apply(chord([call('add', 1, 1), call('fail')], body)) as { id: string };
    await expect(handle).rejects.toMatchObject({
      excType: 'ChordError',
      message: expect.stringMatching(/Dependency [\w-]+ raised ValueError\('boom'\)/),
    });
    await expect.poll(trace.lines).toEqual([JSON.stringify(handle.id)]);
  },
);

it('what comes after a failed task fails with it', WAIT, async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
  const handle = om.runtime.apply(
    chain(call('fail'), call('add', 1), group([call('add', 2), call('add', 3)])),
  );
  await expect(handle).rejects.toMatchObject({ excType: 'ValueError' });
});

it('a task may send tasks, which become its children, and be replaced', WAIT, async () => {
  const place = usePlace();
  const [om, mongo] = await Promise.all([useClient(place), useMongo(place), useWorker(place, [TASKS])]);
  const sent = om.runtime.apply(call('send', call('add', 20, 1))) as { id: string } & PromiseLike<unknown>;
  const childId = String(await sent);
  expect(await om.runtime.result(childId)).toBe(21);
  const stored = await mongo.db.collection('celery_taskmeta').findOne({ _id: sent.id as never });
  expect(stored?.children).toEqual([[[childId, null], null]]);
  const replaced = om.runtime.apply(
    chain(call('replace', chain(call('add', 1, 1), call('add', 1))), call('add', 40)),
  );
  expect(await replaced).toBe(43);
});

it('what comes after a task that nobody can read fails it, and the worker goes on', WAIT, async () => {
  const place = usePlace();
  const [om, transport] = await Promise.all([
    useClient(place),
    connectTransport({ url: place.broker, name: 'test', retry: false }),
    useWorker(place, [TASKS]),
  ]);
  onTestFinished(() => transport.close());
  const message = { taskName: 'canvas.add', args: [1, 2], kwargs: {}, queue: place.queue, replyTo: '' };
  const chains = { array: [{}], deep: [{ task: 'x', args: 3 }], type: [{ task: 'x', subtask_type: 'tree' }] };
  for (const [taskId, embedded] of Object.entries(chains)) {
    await transport.publish(encodeTask({ ...message, taskId, embed: { chain: embedded } }));
  }
  for (const taskId of Object.keys(chains)) {
    await expect(om.runtime.result(taskId)).rejects.toMatchObject({ excType: 'DecodeError' });
  }
  expect(await om.runtime.apply(call('add', 1, 1))).toBe(2);
});

it('a task may send a chain that is longer than a document is deep', WAIT, async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
  const long = chain(call('add', 1, 1), ...Array.from({ length: 149 }, () => call('add', 1)));
  const sent = om.runtime.apply(call('send', long)) as { id: string } & PromiseLike<unknown>;
  expect(await om.runtime.result(String(await sent))).toBe(151);
});

it('a task for a queue that nobody has declared waits there', WAIT, async () => {
  const place = usePlace();
  const later = { ...place, queue: `${place.queue}-later` };
  const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
  const next = { ...call('add', 1), options: { queue: later.queue } };
  const handle = om.runtime.apply(chain(call('add', 1, 1), next));
  await useWorker(later, [TASKS]);
  expect(await handle).toBe(3);
});

it('a worker that dies between result and continuation leaves it to the next one', {
  timeout: 60_000,
}, async () => {
  const place = usePlace();
  const trace = useTrace();
  const proxy = await startTcpProxy(place.broker);
  onTestFinished(() => proxy.close());
  // Results are stored only: one that is sent as well would wait for the broker before the continuation does.
  vi.stubEnv('OMEGA_RESULT_BACKEND', place.mongoUrl);
  onTestFinished(() => void vi.unstubAllEnvs());
  const [om, mongo, worker] = await Promise.all([
    useClient(place),
    useMongo(place),
    useWorker({ ...place, broker: proxy.url(place.broker) }, [TASKS]),
  ]);
  const handle = om.runtime.apply(chain(call('note', 'first', trace.path, 1), call('note', trace.path)));
  await expect.poll(trace.lines, { timeout: 10_000 }).toHaveLength(1);
  proxy.hold();
  // The result is stored; its continuation cannot be published.
  const results = mongo.db.collection('celery_taskmeta');
  await expect.poll(() => results.countDocuments({ status: 'SUCCESS' }), { timeout: 10_000 }).toBe(1);
  worker.process.kill('SIGKILL');
  vi.unstubAllEnvs();
  await useWorker(place, [TASKS]);
  expect(await handle).toBe('first');
  expect(trace.lines()).toEqual(['"first"', '"first"']);
});
