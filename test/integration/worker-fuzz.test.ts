import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { connectMongo } from '../../src/mongo/client.ts';
import { readResultAddress } from '../../src/protocol/decode-task.ts';
import type { SerializerName } from '../../src/protocol/serializers.ts';
import { isReady } from '../../src/protocol/states.ts';
import type { Sendable } from '../support/amqp-operator.ts';
import { connectOperator } from '../support/amqp-operator.ts';
import { until } from '../support/broker-harness.ts';
import { fuzzedMessage, withId } from '../support/fuzzed-messages.ts';
import { useMessageSender } from '../support/message-sender.ts';
import { brokerUrl } from '../support/services.ts';
import { type Place, useClient, usePlace, useWorker } from '../support/worker.ts';

const ACCEPT: readonly SerializerName[] = ['json', 'yaml', 'msgpack', 'pickle'];
const MESSAGES = Number(process.env.OMEGA_TEST_FUZZED ?? 100_000);
/** Made by fast-check; the others differ from these in a byte more. */
const DISTINCT = 10_000;
const SEED = Number(process.env.OMEGA_TEST_SEED ?? 20_261_125);

process.env.OMEGA_ACCEPT_CONTENT = ACCEPT.join(',');

/** Whose result must be there in the end; null where no id can be read, and where no result is wanted. */
function resultOf(message: Sendable): string | null {
  if (message.properties.headers?.ignore_result === true) return null;
  const raw = { ...message, exchange: '', routingKey: '', redelivered: false };
  return readResultAddress(raw, ACCEPT)?.taskId ?? null;
}

/** Each of some messages many times, with another id and another byte changed each time. */
function* variants(messages: readonly Sendable[], count: number): Iterable<Sendable> {
  const random = fc.sample(fc.nat(), { seed: SEED, numRuns: 997 });
  for (let index = 0; index < count; index += 1) {
    const { body, properties } = withId(messages[index % messages.length] as Sendable, `fuzz-${index}`);
    const copy = Buffer.from(body);
    if (index >= messages.length && copy.length > 0) {
      const number = random[index % random.length] ?? 0;
      copy[(number * index) % copy.length] = number % 256;
    }
    yield { body: copy, properties };
  }
}

async function pending({ mongoUrl }: Place, ids: ReadonlySet<string>): Promise<string[]> {
  const mongo = await connectMongo(mongoUrl);
  const rest = new Set(ids);
  const found = mongo.db
    .collection<{ _id: string; status: string }>('celery_taskmeta')
    .find({}, { projection: { status: 1 } });
  for await (const { _id, status } of found) if (isReady(status)) rest.delete(_id);
  await mongo.close();
  return [...rest];
}

it(`a worker takes ${MESSAGES} fuzzed messages (seed ${SEED}) and leaves none of them PENDING`, async () => {
  const place = usePlace();
  const operator = await connectOperator(brokerUrl());
  onTestFinished(async () => {
    await operator.deleteQueue(`${place.queue}.dead`);
    await operator.close();
  });
  const sender = await useMessageSender(place.broker);
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, ['-c', '4'])]);
  const ids = new Set<string>();
  function* messages(): Iterable<Sendable> {
    const distinct = fc.sample(fuzzedMessage(), { seed: SEED, numRuns: DISTINCT });
    for (const message of variants(distinct, MESSAGES)) {
      const id = resultOf(message);
      if (id !== null) ids.add(id);
      yield message;
    }
  }
  await sender.sendAll(place.queue, messages());

  await until(async () => (await operator.ready(place.queue)) === 0, 400_000, 'the queue is empty');
  await until(async () => (await pending(place, ids)).length === 0, 20_000, 'every result is there');
  expect(await om.runtime.send('test.prototype').get({ timeout: 20_000 })).toEqual({
    added: [],
    polluted: null,
  });
  expect(worker.process.exitCode).toBeNull();
  expect(worker.lines.filter(({ msg }) => msg === 'ready')).toHaveLength(1);
  expect(worker.lines.filter(({ msg }) => String(msg).includes('connection to the broker is lost'))).toEqual(
    [],
  );
  expect(ids.size).toBeGreaterThan(MESSAGES / 2);
}, 540_000);
