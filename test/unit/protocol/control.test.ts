import { describe, expect, it } from 'vitest';
import { ContentDisallowed, ProtocolError } from '../../../src/errors.ts';
import {
  type ControlRequest,
  decodeControlReply,
  decodeControlRequest,
  encodeControlReply,
  encodeControlRequest,
  isAddressedTo,
} from '../../../src/protocol/control.ts';
import { propertiesOf, readFixture } from '../../support/celery-fixtures.ts';

const recorded = Object.entries(readFixture('pidbox.json')).flatMap(([name, messages]) =>
  messages.map((message) => [name, message] as const),
);
const requests = recorded.filter(([, { exchange }]) => exchange === 'celery.pidbox');
const replies = recorded.filter(([, { exchange }]) => exchange === 'reply.celery.pidbox');

const json = { contentType: 'application/json' };
const ping: ControlRequest = {
  method: 'ping',
  arguments: {},
  destination: null,
  pattern: null,
  matcher: null,
  replyTo: { exchange: 'reply.celery.pidbox', routingKey: 'oid', ticket: 't' },
  clock: 1,
  expires: 0,
};

it.each(requests)('reads and writes the request %s of Celery, field for field', (_, message) => {
  const request = decodeControlRequest(Buffer.from(JSON.stringify(message.body)), propertiesOf(message));
  const sent = encodeControlRequest(request);
  expect(JSON.parse(sent.body.toString())).toEqual(message.body);
  expect(sent.properties).toEqual(propertiesOf(message));
  expect([sent.exchange, sent.routingKey]).toEqual([message.exchange, message.routing_key]);
});

it.each(replies)('reads and writes the reply to %s, field for field', (_, message) => {
  const properties = propertiesOf(message);
  const { headers = {} } = properties;
  const body = Buffer.from(JSON.stringify(message.body));
  const reply = decodeControlReply({ correlationId: undefined, headers, body });
  const replyTo = {
    exchange: message.exchange ?? '',
    routingKey: message.routing_key ?? '',
    ticket: reply.ticket,
  };
  const sent = encodeControlReply({ ...ping, replyTo }, reply.hostname, reply.value, Number(headers.clock));
  expect(JSON.parse(sent?.body.toString() ?? '')).toEqual(message.body);
  expect(sent?.properties).toEqual(properties);
});

it('sends no reply where none is wanted', () => {
  expect(encodeControlReply({ ...ping, replyTo: null }, 'w1@host', 1, 1)).toBeNull();
});

describe('isAddressedTo', () => {
  it.each<[Partial<ControlRequest>, boolean]>([
    [{}, true],
    [{ destination: [] }, true],
    [{ destination: ['w1@host'] }, true],
    [{ destination: ['w2@host'] }, false],
    [{ destination: ['w2@host'], pattern: '*', matcher: 'glob' }, false],
    [{ pattern: 'w2*', matcher: null }, true],
    [{ pattern: 'w*', matcher: 'glob' }, true],
    [{ pattern: 'w?@h[a-o]st', matcher: 'glob' }, true],
    [{ pattern: 'w[!2]@*', matcher: 'glob' }, true],
    [{ pattern: 'w[!1]@*', matcher: 'glob' }, false],
    [{ pattern: 'w.@host', matcher: 'glob' }, false],
    [{ pattern: 'w1', matcher: 'glob' }, false],
    [{ pattern: 'w[0-9]@', matcher: 'pcre' }, true],
    [{ pattern: 'host', matcher: 'pcre' }, false],
  ])('decides %j for w1@host: %s', (change, expected) => {
    expect(isAddressedTo({ ...ping, ...change }, 'w1@host')).toBe(expected);
  });

  it('refuses a pattern that is no regular expression', () => {
    expect(() => isAddressedTo({ ...ping, pattern: '(', matcher: 'pcre' }, 'w1@host')).toThrow(ProtocolError);
  });
});

it.each([
  'no json',
  '[]',
  '{}',
  '{"method": 5}',
  '{"method": "ping", "arguments": []}',
  '{"method": "ping", "destination": [5]}',
  '{"method": "ping", "matcher": "sql"}',
  '{"method": "ping", "reply_to": {"exchange": "x"}}',
])('refuses the request %s', (body) => {
  expect(() => decodeControlRequest(Buffer.from(body), json)).toThrow(ProtocolError);
});

it.each(['', 'amq.direct', 'celery', 'reply.other.pidbox', 5, undefined])(
  'refuses a request whose reply would go to the exchange %j: only that of replies is written to',
  (exchange) => {
    const body = JSON.stringify({
      method: 'ping',
      reply_to: { exchange, routing_key: 'default' },
      ticket: 't',
    });
    expect(() => decodeControlRequest(Buffer.from(body), json)).toThrow(ProtocolError);
    const own = () => decodeControlRequest(Buffer.from(body), json, 'reply.other.pidbox');
    if (exchange === 'reply.other.pidbox') expect(own().replyTo).toMatchObject({ exchange });
    else expect(own).toThrow(ProtocolError);
  },
);

it('refuses a request that is not JSON by its content type', () => {
  const properties = { contentType: 'application/x-python-serialize' };
  expect(() => decodeControlRequest(Buffer.from('x'), properties)).toThrow(ContentDisallowed);
});

it('refuses a reply that names no node', () => {
  const reply = { correlationId: undefined, headers: {}, body: Buffer.from('{}') };
  expect(() => decodeControlReply(reply)).toThrow(/must name the node/);
});
