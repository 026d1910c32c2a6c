/** Clients and workers meet: declarations, control mailboxes, replies. */
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectTransport } from '../../src/broker/transport.ts';
import type { Reply } from '../../src/contract/transport.ts';
import { InvalidName, OperationalError } from '../../src/errors.ts';
import { encodeControlReply, encodeControlRequest } from '../../src/protocol/control.ts';
import { type Declaration, declarationsIn } from '../support/amqp-frames.ts';
import {
  consume,
  message,
  recordingLogger,
  until,
  useBroker,
  useOperator,
  useProxy,
  useQueue,
  useTransport,
} from '../support/broker-harness.ts';
import { readFixture } from '../support/celery-fixtures.ts';
import { brokerUrl } from '../support/services.ts';

const recorded = readFixture<Readonly<Record<string, readonly Declaration[]>>>('amqp-declarations.json');

test("a worker's queues, exchanges and consumers equal those that Celery declares", async () => {
  const [proxy, queue] = [await useProxy(), await useQueue()];
  const broker = await useBroker({ url: proxy.url(brokerUrl()) });
  const nodename = `w1@${randomUUID()}`;
  await consume(broker, [queue]);
  const mailbox = broker.openMailbox(nodename, () => {});
  await until(() => mailbox.isOpen);

  const written = proxy.written().flatMap(declarationsIn);
  // Beside what Celery declares without quorum queues: the way out of the delay queues, and our nodes' own control.
  const declared = named(
    written.filter(({ exchange }) => exchange !== 'celery_delayed_delivery' && exchange !== 'omega.pidbox'),
    [
      [queue, 'celery'],
      [nodename, 'w1@capture'],
    ],
  );
  expectEqualToCelery(declared, 'worker_classic', ['celery', 'w1@capture.celery.pidbox']);
});

test("a client's queues, exchanges and consumers equal Celery's, but its reply queue outlives a connection", async () => {
  const [proxy, queue] = [await useProxy(), await useQueue()];
  const transport = await useTransport(proxy.url(brokerUrl()));
  await transport.declareQueue(queue);
  await transport.onReply(() => {});
  await transport.onControlReply(() => {});

  const declared = named(proxy.written().flatMap(declarationsIn), [
    [queue, 'celery'],
    [transport.oid, '<uuid>'],
  ]);
  const ours = { auto_delete: false, arguments: { 'x-expires': 600_000 } };
  const theirs = { auto_delete: true, arguments: { 'x-expires': 86_400_000 } };
  const isReplyQueue = ({ m, queue: name }: Declaration): boolean =>
    m === 'queue_declare' && name === '<uuid>';
  expect(declared.filter(isReplyQueue)).toMatchObject([ours]);
  const others = declared.map((entry) => (isReplyQueue(entry) ? { ...entry, ...theirs } : entry));
  expectEqualToCelery(others, 'client_rpc', ['celery', '<uuid>', '<uuid>.reply.celery.pidbox']);
});

test('a control request reaches a mailbox, and its reply the client', async () => {
  const [broker, transport] = [await useBroker(), await useTransport()];
  const nodename = `w1@${randomUUID()}`;
  const replies: Reply[] = [];
  await transport.onControlReply((reply) => replies.push(reply));
  const replyTo = { exchange: 'reply.celery.pidbox', routingKey: transport.oid, ticket: 't1' };
  const request = {
    method: 'ping',
    arguments: {},
    destination: [nodename],
    pattern: null,
    matcher: null,
    replyTo,
    clock: 1,
    expires: 0,
  };
  const mailbox = broker.openMailbox(nodename, async ({ body, properties }) => {
    expect(JSON.parse(body.toString())).toMatchObject({ method: 'ping', ticket: 't1' });
    expect(properties).toMatchObject({ contentType: 'application/json', headers: { clock: 1 } });
    await broker.publisher.publish(encodeControlReply(request, nodename, { ok: 'pong' }, 2) ?? message(''));
  });
  await until(() => mailbox.isOpen);

  await transport.publish(encodeControlRequest(request));
  await until(() => replies.length === 1);

  expect(replies[0]?.headers).toMatchObject({ ticket: 't1' });
  expect(JSON.parse(String(replies[0]?.body))).toEqual({ [nodename]: { ok: 'pong' } });
});

test('a mailbox that another connection still has is opened as soon as it is free', async () => {
  const nodename = `w1@${randomUUID()}`;
  const [first, logger] = [await useBroker(), recordingLogger()];
  const held = first.openMailbox(nodename, () => {});
  await until(() => held.isOpen);

  const waiting = (await useBroker({ logger })).openMailbox(nodename, () => {});
  await until(() => logger.lines.length >= 2);
  expect(logger.lines[0]).toBe('cannot set up the control mailbox channel: trying again');
  expect(waiting.isOpen).toBe(false);

  await first.close();
  await until(() => waiting.isOpen);
});

test('replies arrive again after the connection was lost', async () => {
  const [proxy, broker] = [await useProxy(), await useBroker()];
  const transport = await useTransport(proxy.url(brokerUrl()));
  const bodies: string[] = [];
  await transport.onReply(({ body }) => bodies.push(body.toString()));

  proxy.cut();
  const reply = message(transport.oid, 'result', { unroutable: 'drop' });
  await until(async () => {
    await broker.publisher.publish(reply);
    return bodies.includes('result');
  });
});

test('a reply that is sent while the client reconnects arrives', async () => {
  const [proxy, broker, operator] = [await useProxy(), await useBroker(), await useOperator()];
  const transport = await useTransport(proxy.url(brokerUrl()));
  const bodies: string[] = [];
  await transport.onReply(({ body }) => bodies.push(body.toString()));

  await proxy.refuse();
  await until(async () => (await operator.consumers(transport.oid)) !== 1);
  await broker.publisher.publish(message(transport.oid, 'result'));
  await proxy.accept();

  await until(() => bodies.length === 1);
  expect(bodies).toEqual(['result']);
});

test('a client that closes leaves no reply queue behind', async () => {
  const [transport, operator] = [await useTransport(), await useOperator()];
  await transport.onReply(() => {});
  expect(await operator.consumers(transport.oid)).toBe(1);
  await transport.close();
  expect(await operator.consumers(transport.oid)).toBeNull();
});

test('a reply queue that is deleted is declared again', async () => {
  const [transport, operator] = [await useTransport(), await useOperator()];
  const bodies: string[] = [];
  await transport.onReply(({ body }) => bodies.push(body.toString()));
  await operator.deleteQueue(transport.oid);
  await until(async () => (await operator.ready(transport.oid)) === 0);
  await operator.send(transport.oid, ['result']);
  await until(() => bodies.includes('result'));
});

test('a second listener for replies gets them too', async () => {
  const transport = await useTransport();
  const heard: string[] = [];
  await transport.onReply(() => heard.push('first'));
  await transport.onReply(() => heard.push('second'));
  await transport.publish(message(transport.oid));
  await until(() => heard.length === 2);
  expect(heard).toEqual(['first', 'second']);
});

test('declaring a queue waits for the connection to be restored', async () => {
  const [proxy, queue, operator] = [await useProxy(), await useQueue(), await useOperator()];
  const transport = await useTransport(proxy.url(brokerUrl()));
  proxy.cut();
  await transport.declareQueue(queue);
  expect(await operator.ready(queue)).toBe(0);
});

test('declaring a queue fails after 30 s where the broker does not answer', async () => {
  const [proxy, queue] = [await useProxy(), await useQueue()];
  const broker = await useBroker({ url: proxy.url(brokerUrl()), heartbeat: 0 });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  onTestFinished(() => void vi.useRealTimers());
  proxy.hold();
  const refused = expect(broker.declareQueue(queue)).rejects.toThrow(/no answer within 30 s/);
  await vi.advanceTimersByTimeAsync(30_000);
  await refused;
});

test('declaring a queue under a name that is none is refused', async () => {
  const transport = await useTransport();
  await expect(transport.declareQueue('')).rejects.toBeInstanceOf(InvalidName);
});

test('a client is told at once that there is no broker', async () => {
  const proxy = await useProxy();
  await proxy.refuse();
  const connecting = connectTransport({ url: proxy.url(brokerUrl()), name: 'test' });
  await expect(connecting).rejects.toBeInstanceOf(OperationalError);
});

/** Our declarations with the names of the recording. */
function named(
  declared: readonly Declaration[],
  names: readonly (readonly [string, string])[],
): Declaration[] {
  const text = names.reduce((json, [own, theirs]) => json.replaceAll(own, theirs), JSON.stringify(declared));
  return JSON.parse(text);
}

/** Each declaration of ours is one of Celery's, and none of Celery's for these queues is missing. */
function expectEqualToCelery(
  declared: readonly Declaration[],
  scenario: string,
  queues: readonly string[],
): void {
  // py-amqp writes None as an empty table.
  const celery = (recorded[scenario] ?? []).map((entry) => ({ ...entry, arguments: entry.arguments ?? {} }));
  for (const declaration of declared) expect(celery).toContainEqual(declaration);
  const expected = celery.filter((entry) => queues.includes(String(Reflect.get(entry, 'queue'))));
  expect(expected.length).toBeGreaterThan(0);
  for (const entry of expected) expect(declared).toContainEqual(entry);
}
