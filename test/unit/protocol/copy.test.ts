import { expect, it } from 'vitest';
import type { JsonText } from '../../../src/contract/job.ts';
import { ContentDisallowed } from '../../../src/errors.ts';
import { copyMessage, copyReason, retryMessage } from '../../../src/protocol/copy.ts';
import { decodeTask } from '../../../src/protocol/decode-task.ts';
import { delayUntil } from '../../../src/protocol/delay.ts';
import { readSentTime } from '../../../src/protocol/sent-time.ts';
import { encodeTask, type RawMessage, type TaskCall } from '../../../src/protocol/task-message.ts';
import { propertiesOf, rawMessage, readFixture, withoutSentTime } from '../../support/celery-fixtures.ts';
import { encodingOf, verifierOf } from '../../support/signed-fixtures.ts';

type Message = Parameters<typeof rawMessage>[0] & { readonly routing_keys: readonly string[] };

const recorded = readFixture<Readonly<Record<'classic' | 'quorum', readonly Message[]>>>('retries.json');
const CALL: TaskCall = {
  taskId: 'id',
  taskName: 'task',
  args: [1],
  kwargs: {},
  queue: 'q',
  replyTo: 'client',
};
const AT_ONCE = { eta: null, input: null, reason: null };

function delivered(
  change: Partial<TaskCall> = {},
  headers: Readonly<Record<string, unknown>> = {},
): RawMessage {
  const { body, properties } = encodeTask({ ...CALL, ...change });
  const delivery = { exchange: '', routingKey: 'q', redelivered: false };
  return { body, properties: { ...properties, headers: { ...properties.headers, ...headers } }, ...delivery };
}

function retried(raw: RawMessage, next: Partial<Parameters<typeof retryMessage>[3]> = {}) {
  return retryMessage(raw, decodeTask(raw), 'q', { ...AT_ONCE, ...next });
}

it.each(['classic', 'quorum'] as const)('a retry equals the one that Celery sends (%s)', (name) => {
  const [first, second] = recorded[name];
  if (!first || !second) throw new Error('nothing is recorded');
  const raw = rawMessage(first);
  const eta = new Date(String(second.headers?.eta));
  const now = new Date(eta.getTime() - 1_000);
  const retry = retryMessage(raw, decodeTask(raw), 'celery', { ...AT_ONCE, eta });
  const sent = name === 'quorum' ? delayUntil(retry, eta, now) : retry;

  expect({ exchange: sent.exchange, routingKey: sent.routingKey }).toEqual({
    exchange: second.exchange,
    routingKey: second.routing_keys[0],
  });
  expect(JSON.parse(sent.body.toString())).toEqual(second.body);
  const { headers: theirs = {}, ...properties } = propertiesOf(second);
  const { headers: ours = {}, ...ownProperties } = withoutSentTime(sent.properties);
  expect(ownProperties).toEqual(properties);
  // Milliseconds are all that a Date has.
  const roundDate = (text: unknown): unknown => String(text).replace(/\d{3}\+/, '+');
  expect({ ...ours, eta: roundDate(ours.eta) }).toEqual({ ...theirs, eta: roundDate(theirs.eta) });
});

it('keeps what strangers put into a message, and its expiry, but none of the traces of its way', () => {
  const expires = new Date('2030-01-01T00:00:00Z');
  const traces = {
    ...{
      'x-death': [{}],
      'x-first-death-queue': 'a',
      'x-last-death-reason': 'expired',
      'x-delivery-count': 3,
    },
    ...{ CC: ['b'], BCC: ['c'] },
  };
  const raw = delivered({ expires, priority: 7, stamps: { customer: 1 } }, { ...traces, 'x-tenant': 'acme' });
  const { properties } = copyMessage(raw, 'q', null);
  expect(properties.expiration).toBeUndefined();
  expect(properties.priority).toBe(7);
  expect(properties.headers).toMatchObject({
    'x-tenant': 'acme',
    stamps: { customer: 1 },
    expires: expect.any(String),
  });
  for (const trace of Object.keys(traces)) expect(properties.headers).not.toHaveProperty(trace);
});

it('marks a copy by why it was made', () => {
  const once = decodeTask({ ...delivered(), ...copyMessage(delivered(), 'q', 'eta') });
  expect(copyReason(once)).toBe('eta');
  expect(copyReason(decodeTask(delivered({}, { 'x-omega-copy': true })))).toBe('again');
  expect(copyReason(decodeTask(delivered()))).toBeNull();
  const again = copyMessage(delivered({}, { 'x-omega-copy': 'eta' }), 'q', null);
  expect(again.properties.headers).not.toHaveProperty('x-omega-copy');
});

it('a copy says when the message was sent, a retry when the retry was', () => {
  const sentAt = new Date('2026-01-01T00:00:00Z');
  const { body, properties } = encodeTask(CALL, sentAt);
  const raw = { ...delivered(), body, properties };
  expect(readSentTime(copyMessage(raw, 'q', 'eta').properties)).toBe(sentAt.getTime());
  expect(readSentTime(retried(raw).properties)).toBeGreaterThan(sentAt.getTime());
});

it('a retry with other arguments keeps the rest of the body to the letter', () => {
  const raw = {
    ...delivered(),
    body: Buffer.from('[[1, "a]"], {"k": [2]}, {"chain": [{"args": [1.0, 12345678901234567890]}]}]'),
  };
  const { body, properties } = retried(raw, { input: '[[9], {"x": {"y": "],"}}]' as JsonText });
  expect(body.toString()).toBe(
    '[[9], {"x": {"y": "],"}}, {"chain": [{"args": [1.0, 12345678901234567890]}]}]',
  );
  expect(properties.headers).toMatchObject({ argsrepr: '(9,)', kwargsrepr: "{'x': {'y': '],'}}" });
});

it('a retry with the same arguments keeps a compressed body as it is', () => {
  const raw = delivered();
  const message = decodeTask(raw);
  const compressed = { ...raw, body: Buffer.from('packed') };
  const { body } = retryMessage(compressed, message, 'q', AT_ONCE);
  expect(body.toString()).toBe('packed');
});

it('a retry of a message of protocol 1 is one of protocol 2', () => {
  const raw = delivered();
  const old = { ...decodeTask(raw), headers: {}, rootId: null };
  const { properties, body } = retryMessage(
    { ...raw, properties: { correlationId: 'id' } },
    old,
    'q',
    AT_ONCE,
  );
  const message = decodeTask({ ...raw, body, properties });
  expect(message).toMatchObject({ taskId: 'id', taskName: 'task', retries: 1, rootId: 'id', parentId: 'id' });
});

it('a retry of a signed message keeps its signature, or has one of its own where its body is another', () => {
  const encoding = encodingOf();
  const raw = { ...delivered(), ...encodeTask(CALL, new Date(), encoding) };
  const read = (from: RawMessage) => decodeTask(from, ['auth'], verifierOf());
  const message = read(raw);
  const input = '[[2], {}]' as JsonText;
  const same = retryMessage(raw, message, 'q', AT_ONCE);
  const other = retryMessage(raw, message, 'q', { ...AT_ONCE, input }, encoding);
  expect(same.body).toEqual(raw.body);
  expect(read({ ...raw, ...same })).toMatchObject({ retries: 1, body: message.body });
  expect(JSON.parse(read({ ...raw, ...other }).body).slice(0, 2)).toEqual([[2], {}]);
  // Whoever has no key cannot make a message that is taken for a signed one.
  const { body, properties } = retryMessage(raw, message, 'q', { ...AT_ONCE, input });
  expect(() => read({ ...raw, body, properties })).toThrow(ContentDisallowed);
});
