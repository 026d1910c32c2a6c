import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { connectMongo } from '../../src/mongo/client.ts';
import { malformedMessages } from '../fixtures/malformed/corpus.ts';
import { malformed } from '../fixtures/malformed/message.ts';
import { type AmqpOperator, connectOperator } from '../support/amqp-operator.ts';
import { until } from '../support/broker-harness.ts';
import { longText, nestedTable, tableField, useMessageSender } from '../support/message-sender.ts';
import { brokerUrl } from '../support/services.ts';
import { type Place, useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

process.env.OMEGA_ACCEPT_CONTENT = 'json,yaml,msgpack,pickle';

/** Removes the dead queue in the end. */
async function useDeadQueue({ queue }: Place): Promise<{ operator: AmqpOperator; deadQueue: string }> {
  const operator = await connectOperator(brokerUrl());
  const deadQueue = `${queue}.dead`;
  onTestFinished(async () => {
    await operator.deleteQueue(deadQueue);
    await operator.close();
  });
  return { operator, deadQueue };
}

/** The states of tasks in the result backend, by id. */
async function readStates(place: Place, ids: readonly string[]): Promise<Map<string, string>> {
  const mongo = await connectMongo(place.mongoUrl);
  const found = mongo.db
    .collection<{ _id: string; status: string }>('celery_taskmeta')
    .find({ _id: { $in: [...ids] } });
  const states = new Map((await found.toArray()).map(({ _id, status }) => [_id, status]));
  await mongo.close();
  return states;
}

it('malformed messages fail, end in the dead queue, and harm nothing', async () => {
  const place = usePlace();
  const trace = useTrace();
  const { operator, deadQueue } = await useDeadQueue(place);
  const sender = await useMessageSender(place.broker);
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const corpus = malformedMessages(trace.path);
  const poisonous = [
    malformed('a prototype among the arguments', '[[], {"__proto__": {"polluted": true}}, null]'),
    malformed('a prototype in a value', '[[], {"value": {"__proto__": {"polluted": true}}}, null]'),
    malformed('a constructor', '[[], {"constructor": {"prototype": {"polluted": true}}, "value": 1}, null]'),
    malformed('a marker of a strange type', '[[{"__type__": "__proto__", "__value__": 1}], {}, null]'),
  ];
  await sender.sendAll(place.queue, [...corpus, ...poisonous]);

  expect(await om.runtime.send('test.echo', [], { value: 'still here' }).get({ timeout: 60_000 })).toBe(
    'still here',
  );
  await until(
    async () => (await operator.ready(deadQueue)) === corpus.length,
    60_000,
    'all of them are dead',
  );
  const ids = corpus.flatMap(({ taskId }) => taskId ?? []);
  const states = await readStates(place, ids);
  expect(ids.filter((id) => states.get(id) !== 'FAILURE')).toEqual([]);
  const answered = await readStates(
    place,
    poisonous.flatMap(({ taskId }) => taskId ?? []),
  );
  expect(answered.size).toBe(poisonous.length);

  expect(existsSync(trace.path)).toBe(false);
  expect(await om.runtime.send('test.prototype').get()).toEqual({ added: [], polluted: null });
  expect(worker.process.exitCode).toBeNull();
  expect(worker.lines.filter(({ msg }) => msg === 'ready')).toHaveLength(1);
}, 120_000);

it('a dead message is the one that was sent, with the reason', async () => {
  const place = usePlace();
  const { operator, deadQueue } = await useDeadQueue(place);
  const sender = await useMessageSender(place.broker);
  await useWorker(place);
  const unknown = malformed('an unknown task', undefined, {
    headers: { task: 'nobody.knows', traceparent: '00-abc' },
  });
  const wrong = malformed('no JSON', '[[', { properties: { appId: 'shop', messageId: 'm1', priority: 3 } });
  await sender.sendAll(place.queue, [wrong]);
  await until(async () => (await operator.ready(deadQueue)) === 1);
  await sender.sendAll(place.queue, [unknown]);
  await until(async () => (await operator.ready(deadQueue)) === 2);

  const [first, second] = await operator.take(deadQueue, 2);
  expect(first?.content).toEqual(wrong.body);
  expect(first?.properties).toMatchObject({
    ...wrong.properties,
    headers: expect.objectContaining(wrong.properties.headers),
  });
  expect(first?.properties.headers).toMatchObject({
    'x-omega-queue': place.queue,
    'x-omega-reason': expect.stringMatching(/not valid JSON/),
  });
  expect(second?.content).toEqual(unknown.body);
  expect(second?.properties.headers).toMatchObject({
    traceparent: '00-abc',
    'x-omega-reason': expect.stringMatching(/'nobody.knows' is not registered/),
  });
  expect(await readStates(place, [unknown.taskId ?? ''])).toEqual(new Map([[unknown.taskId, 'FAILURE']]));
}, 60_000);

it('headers that AMQP clients choke on cost neither the connection nor the message', async () => {
  const place = usePlace();
  const { operator, deadQueue } = await useDeadQueue(place);
  const sender = await useMessageSender(place.broker);
  const [om, worker] = await Promise.all([useClient(place), useWorker(place)]);
  const id = randomUUID();
  const task = [tableField('task', 'S', longText('test.echo')), tableField('id', 'S', longText(id))];
  const big = Buffer.alloc(8);
  big.writeBigInt64BE(1_795_423_204_110n);
  const body = '[[], {"value": "a long integer of a Python client"}, null]';
  await sender.sendWithTable(place.queue, Buffer.concat([...task, tableField('sent', 'L', big)]), body);
  await sender.sendWithTable(place.queue, nestedTable(20_000), '[[], {}, null]');
  await sender.sendWithTable(
    place.queue,
    tableField('x', 'S', longText('a'.repeat(120_000))),
    '[[], {}, null]',
  );

  await until(async () => (await operator.ready(deadQueue)) === 2, 20_000);
  expect(await om.runtime.send('test.echo', [], { value: 1 }).get({ timeout: 20_000 })).toBe(1);
  expect(await readStates(place, [id])).toEqual(new Map([[id, 'SUCCESS']]));
  expect(worker.lines.filter(({ msg }) => String(msg).includes('connection to the broker is lost'))).toEqual(
    [],
  );
}, 60_000);
