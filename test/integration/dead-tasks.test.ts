import { expect, it } from 'vitest';
import { TaskFailed, Unroutable } from '../../src/errors.ts';
import type { Omega } from '../../src/omega.ts';
import { deadQueueOf } from '../../src/protocol/dead-letter.ts';
import type { Sendable } from '../support/amqp-operator.ts';
import { deleteAfterwards, until, useOperator } from '../support/broker-harness.ts';
import { useMessageSender } from '../support/message-sender.ts';
import { die } from '../support/tasks.ts';
import { type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

const PATIENCE = 60_000;

/** A place whose dead queue goes with it. */
function useMortalPlace(): Place {
  const place = usePlace();
  deleteAfterwards(place.queue, deadQueueOf(place.queue));
  return place;
}

/** A task that nobody knows. */
function unknown(id: string): Sendable {
  return {
    body: Buffer.from('[[], {}, {}]'),
    properties: {
      contentType: 'application/json',
      correlationId: id,
      headers: { id, task: 'nobody.knows', lang: 'py' },
    },
  };
}

/** Has a worker bury these, one after the other. */
async function bury(place: Place, om: Omega, messages: readonly Sendable[]): Promise<void> {
  const [worker, sender] = await Promise.all([useWorker(place), useMessageSender(place.broker)]);
  for (const [index, message] of messages.entries()) {
    await sender.sendAll(place.queue, [message]);
    await until(async () => (await om.runtime.dead().list()).length === index + 1, 20_000);
  }
  await worker.stop();
}

const ids = async (om: Omega): Promise<string[]> => (await om.runtime.dead().list()).map(({ id }) => id);

it('a task that ends its executor five times is kept, and begins anew when it is sent again', async () => {
  const place = useMortalPlace();
  const [om] = await Promise.all([useClient(place), useWorker(place)]);
  const trace = useTrace();
  const handle = om.runtime.task(die)({ path: trace.path, times: 7 });
  await expect(handle.get({ timeout: 30_000 })).rejects.toThrow(
    /WorkerLostError.*ended its executor 5 times/,
  );

  const [dead, ...others] = await om.runtime.dead().list();
  expect(others).toEqual([]);
  expect(dead).toMatchObject({ id: handle.id, taskName: 'test.die', queue: place.queue });
  expect(dead?.reason).toMatch(/ended its executor 5 times/);
  expect(Date.now() - Number(dead?.time)).toBeLessThan(30_000);

  expect(await om.runtime.dead().requeue([handle.id])).toEqual([handle.id]);
  expect(await om.runtime.result(handle.id).get({ timeout: 30_000 })).toBe(8);
  expect(trace.lines()).toHaveLength(8);
  expect(await om.runtime.dead().list()).toEqual([]);
}, 90_000);

it(
  'a task that fails by itself is not kept',
  async () => {
    const place = useMortalPlace();
    const [om] = await Promise.all([useClient(place), useWorker(place)]);
    await expect(om.runtime.send('test.add', ['one'], {})).rejects.toThrow(TaskFailed);
    expect(await om.runtime.dead().list()).toEqual([]);
  },
  PATIENCE,
);

it(
  'those that are dropped are gone, and the others keep their places',
  async () => {
    const place = useMortalPlace();
    const om = await useClient(place);
    await bury(place, om, ['a', 'b', 'c', 'd'].map(unknown));
    expect(await om.runtime.dead().drop(['b', 'd', 'nobody'])).toEqual(['b', 'd']);
    expect(await ids(om)).toEqual(['a', 'c']);
    expect((await om.runtime.dead().list(1)).map(({ id }) => id)).toEqual(['a']);
    expect(await om.runtime.dead().drop('all')).toEqual(['a', 'c']);
    expect(await ids(om)).toEqual([]);
  },
  PATIENCE,
);

it(
  'a message that is no task has a name, its content, and the reason',
  async () => {
    const place = useMortalPlace();
    const om = await useClient(place);
    const properties = { contentType: 'application/json', headers: { lang: 'py' } };
    await bury(place, om, [{ body: Buffer.from('{"a":'), properties }]);
    const [dead] = await om.runtime.dead().list();
    expect(dead).toMatchObject({ taskName: null, reason: expect.stringMatching(/not valid JSON/) });
    expect(dead?.id).toMatch(/^message-[0-9a-f]{12}$/);
    expect(dead?.body.toString()).toBe('{"a":');
    expect(await om.runtime.dead().drop([dead?.id ?? ''])).toEqual([dead?.id]);
  },
  PATIENCE,
);

it(
  'what cannot be sent back stays',
  async () => {
    const place = useMortalPlace();
    const om = await useClient(place);
    const operator = await useOperator();
    await bury(place, om, ['a', 'b'].map(unknown));
    await operator.deleteQueue(place.queue);
    await expect(om.runtime.dead().requeue('all')).rejects.toThrow(Unroutable);
    expect(await ids(om)).toEqual(['a', 'b']);
  },
  PATIENCE,
);

it('a queue of which nothing has died has no dead messages', async () => {
  const place = usePlace();
  const om = await useClient(place);
  expect(await om.runtime.dead().list()).toEqual([]);
  expect(await om.runtime.dead().requeue('all')).toEqual([]);
});
