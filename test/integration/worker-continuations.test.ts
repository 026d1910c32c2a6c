/** What comes after a task: callbacks and errbacks, of which some cannot be sent, and some are sent again. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { chain, group } from '../../src/contract/canvas.ts';
import type { AnySignature } from '../../src/contract/signature.ts';
import { immutable } from '../../src/contract/signature-options.ts';
import { signature } from '../../src/contract/task-signature.ts';
import type { Omega } from '../../src/omega.ts';
import { COPY_HEADER, encodeTask, type TaskCall } from '../../src/protocol/task-message.ts';
import type { TaskHandle } from '../../src/runtime/task-handle.ts';
import { useTransport } from '../support/broker-harness.ts';
import { hasRabbitmqctl, rabbitmqctl } from '../support/rabbitmqctl.ts';
import { useCeleryWorker } from '../support/results-app.ts';
import { settled } from '../support/sender.ts';
import { brokerUrl } from '../support/services.ts';
import { type Place, type TestWorker, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const TASKS = fileURLToPath(new URL('../../dist/test/support/canvas-tasks.js', import.meta.url));
const WAIT = { timeout: 60_000 };

const call = (name: string, ...args: unknown[]): AnySignature => signature(`canvas.${name}`, args);

function withOptions(sig: AnySignature, options: Readonly<Record<string, unknown>>): AnySignature {
  return { ...sig, options: { ...sig.options, ...options } };
}

/** Waits until the worker has acknowledged so many deliveries. */
async function untilAcknowledged(worker: TestWorker, place: Place, count: number): Promise<void> {
  await expect.poll(() => settled(worker, place, 'ack'), { timeout: 20_000 }).toBe(count);
}

it('every callback gets the result, those in groups too', WAIT, async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
  const link = [call('add', 10), group([call('add', 1), call('add', 2)]), call('add', 20)];
  const handle = om.runtime.apply(withOptions(call('add', 1, 1), { link })) as { id: string };
  expect(await handle).toBe(2);
  const children = await om.runtime.result(handle.id).children();
  expect(await Promise.all(children)).toEqual([
    [3, 4],
    [12, 22],
  ]);
});

it(
  'every errback gets the id of the task that failed, from our worker and from one of Celery',
  WAIT,
  async () => {
    const place = usePlace();
    const other = `${place.queue}-other`;
    const [om] = await Promise.all([
      useClient(place),
      useWorker(place, [TASKS]),
      useCeleryWorker(place, place.mongoUrl, { app: 'canvas_worker', queue: other }),
    ]);
    const failed = [place.queue, other].map((queue) => {
      const ids = [randomUUID(), randomUUID()];
      const link_error = ids.map((task_id, index) =>
        withOptions(call('identity'), { task_id, queue: index === 0 ? place.queue : other }),
      );
      const handle = om.runtime.apply(withOptions(call('fail'), { queue, link_error })) as { id: string };
      return { handle, ids };
    });
    for (const { handle, ids } of failed) {
      await expect(handle).rejects.toMatchObject({ excType: 'ValueError' });
      const results = ids.map((id) => om.runtime.result(id).get({ timeout: 20_000 }));
      expect(await Promise.all(results)).toEqual([handle.id, handle.id]);
    }
  },
);

it('a callback that cannot be sent has failed, and its errback hears of it', WAIT, async () => {
  const place = usePlace();
  const trace = useTrace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
  const [lost, sent] = [randomUUID(), randomUUID()];
  const nowhere = { exchange: 'no.such.exchange', routing_key: 'x' };
  const link = [
    withOptions(call('add', 1), { ...nowhere, task_id: lost, link_error: [call('note', trace.path)] }),
    withOptions(call('add', 2), { task_id: sent }),
  ];
  expect(await om.runtime.apply(withOptions(call('add', 1, 1), { link }))).toBe(2);
  expect(await om.runtime.result(sent)).toBe(4);
  await expect(om.runtime.result(lost).get({ timeout: 20_000 })).rejects.toThrow(/no\.such\.exchange/);
  await expect.poll(trace.lines).toEqual([JSON.stringify(lost)]);
});

it('a callback for a queue that no broker declares has failed, and its worker goes on', WAIT, async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
  await failsAlone(om, 'amq.mine', /queue name 'amq\.mine' is not valid/);
});

it.skipIf(!hasRabbitmqctl())(
  'a callback for a missing queue that the user of the worker may not declare has failed, and its worker goes on',
  WAIT,
  async () => {
    const user = `poor_${randomUUID()}`;
    const broker = new URL(brokerUrl());
    const vhost = decodeURIComponent(broker.pathname.slice(1)) || '/';
    rabbitmqctl('add_user', user, 'secret');
    onTestFinished(() => void rabbitmqctl('delete_user', user));
    rabbitmqctl('set_permissions', '-p', vhost, user, '^(?!foreign)', '.*', '.*');
    const place = usePlace();
    const worker = { ...place, broker: Object.assign(broker, { username: user, password: 'secret' }).href };
    const [om] = await Promise.all([useClient(place), useWorker(worker, [TASKS])]);
    await failsAlone(om, `foreign_${user}`, /ACCESS_REFUSED/);
  },
);

/** Of two callbacks of a task, one for this queue: it fails, and the worker takes further tasks. */
async function failsAlone(om: Omega, queue: string, reason: RegExp): Promise<void> {
  const [lost, sent] = [randomUUID(), randomUUID()];
  const link = [
    withOptions(call('add', 1), { queue, task_id: lost }),
    withOptions(call('add', 2), { task_id: sent }),
  ];
  expect(await om.runtime.apply(withOptions(call('add', 1, 1), { link }))).toBe(2);
  await expect(om.runtime.result(lost).get({ timeout: 20_000 })).rejects.toThrow(reason);
  expect(await om.runtime.result(sent).get({ timeout: 20_000 })).toBe(4);
  expect(await om.runtime.send('canvas.add', [2, 3]).get({ timeout: 20_000 })).toBe(5);
}

it(
  'a copy of a task that has ended sends what comes after it again, and none of it runs twice',
  WAIT,
  async () => {
    const place = usePlace();
    const trace = useTrace();
    const [om, worker, sender] = await Promise.all([
      useClient(place),
      useWorker(place, [TASKS]),
      useTransport(place.broker),
    ]);
    const note = call('note', trace.path);
    const message: TaskCall = {
      ...{
        taskId: place.queue,
        taskName: 'canvas.add',
        args: [1, 2],
        kwargs: {},
        queue: place.queue,
        replyTo: '',
      },
      embed: { callbacks: [{ ...note }], chain: [{ ...note }] },
    };
    await sender.publish(encodeTask(message));
    await untilAcknowledged(worker, place, 3);
    await sender.publish(encodeTask({ ...message, headers: { [COPY_HEADER]: 'again' } }));
    await untilAcknowledged(worker, place, 6);
    expect(trace.lines()).toEqual(['3', '3']);
    const children = await om.runtime.result(place.queue).children();
    expect(await Promise.all(children)).toEqual([3, 3]);
  },
);

it('a task whose callbacks are nested deeper than MongoDB stores succeeds, without them', WAIT, async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
  let deep = call('add', 1);
  const steps = () => Array.from({ length: 12 }, () => call('identity'));
  for (let level = 0; level < 8; level += 1) deep = chain(group([deep, call('identity')]), ...steps());
  const handle = om.runtime.apply(withOptions(call('add', 1, 1), { link: [deep] })) as TaskHandle<number>;
  expect(await handle.get({ timeout: 20_000 })).toBe(2);
  expect(await om.runtime.result(handle.id).children()).toEqual([]);
});

it('a result that is too large for a message is kept, and what would take it fails', WAIT, async () => {
  const place = usePlace();
  const [om] = await Promise.all([useClient(place), useWorker(place, [TASKS])]);
  const last = om.runtime.apply(chain(call('large', 13), call('identity'), call('add', 1)));
  await expect(last).rejects.toMatchObject({
    excType: 'RuntimeError',
    message: expect.stringContaining('bytes'),
  });
  expect(String(await last.parent?.parent)).toHaveLength(13 * 2 ** 20);
});

it('of a copy of a task with a large result only what takes the result fails', WAIT, async () => {
  const place = usePlace();
  const trace = useTrace();
  const [om, worker, sender] = await Promise.all([
    useClient(place),
    useWorker(place, [TASKS]),
    useTransport(place.broker),
  ]);
  const errback = { link_error: [call('note', trace.path)] };
  const [taking, immune] = [randomUUID(), randomUUID()];
  const callbacks = [
    withOptions(call('identity'), { ...errback, task_id: taking }),
    withOptions(immutable(call('identity', 'alone')), { ...errback, task_id: immune }),
  ];
  const message: TaskCall = {
    ...{
      taskId: place.queue,
      taskName: 'canvas.large',
      args: [13],
      kwargs: {},
      queue: place.queue,
      replyTo: '',
    },
    embed: { callbacks: callbacks.map((callback) => ({ ...callback })) },
  };
  await sender.publish(encodeTask(message));
  // The task, one callback, and the errback of the other one.
  await untilAcknowledged(worker, place, 3);
  await sender.publish(encodeTask({ ...message, headers: { [COPY_HEADER]: 'again' } }));
  await untilAcknowledged(worker, place, 6);
  expect(await om.runtime.result(immune)).toBe('alone');
  await expect(om.runtime.result(taking)).rejects.toThrow(/is over the limit/);
  expect(trace.lines()).toEqual([JSON.stringify(taking)]);
});
