import { describe, expect, it } from 'vitest';
import { inflate } from '../../../src/protocol/compression.ts';
import { decodeBody, decodeTask } from '../../../src/protocol/decode-task.ts';
import { parseJson } from '../../../src/protocol/json.ts';
import { PythonValue } from '../../../src/protocol/python-value.ts';
import {
  encodeTask,
  type RawMessage,
  type TaskCall,
  type TaskMessage,
} from '../../../src/protocol/task-message.ts';
import { recordedCalls, recordedTraffic, withoutSentTime } from '../../support/celery-fixtures.ts';

const recorded = [...recordedCalls(), ...recordedTraffic()];
const ACCEPTED = ['json', 'yaml', 'msgpack', 'pickle'] as const;

/** What we never write: we read them, and a retry of ours writes protocol 2. */
const NOT_WRITTEN = ['protocol1', 'serializer_pickle'];

/**
 * What need not be equal, to the letter:
 *
 * - ids and `origin` are those of the recording, handed to `encodeTask` as they are;
 * - times (`eta`, `expires`, `expiration`, datetimes among the arguments) are compared to the millisecond;
 * - `lang` is not masked: we send `py` too. Celery's workers and tools make no difference by it, and what it stands
 *   for is the form of the arguments, which is Python's.
 * - `argsrepr` and `kwargsrepr` are free text: of those the caller gave, and of tuples, which are lists for us.
 */
const REPR_GIVEN = /argsrepr|types_|map|chunks|chord|replace_group|send_task$|unregistered|wrong_args/;

function callOf(name: string, raw: RawMessage, message: TaskMessage): TaskCall {
  const { args, kwargs } = decodeBody(message.body);
  const { appId } = raw.properties;
  return {
    ...message,
    args,
    kwargs,
    queue: message.deliveryInfo.routingKey,
    exchange: message.deliveryInfo.exchange,
    replyTo: message.replyTo ?? '',
    origin: message.origin ?? '',
    ignoreResult: message.headers.ignore_result as boolean | null,
    ...(REPR_GIVEN.test(name) ? {} : { argsRepr: undefined, kwargsRepr: undefined }),
    ...(message.headers.compression ? { compression: 'gzip' } : {}),
    ...(appId === undefined ? {} : { appId }),
  } as TaskCall;
}

function sendAgain(name: string, raw: RawMessage) {
  const message = decodeTask(raw, ACCEPTED);
  return { message, sent: encodeTask(callOf(name, raw, message)) };
}

/** Times to the millisecond, as they are for us. */
const instant = (text: unknown) => (typeof text === 'string' ? new Date(text).getTime() : text);

describe('recorded messages', () => {
  it('are all there', () => {
    expect(new Set(recordedCalls().map(([name]) => name)).size).toBe(43);
    expect(recordedTraffic().length).toBe(119);
  });

  it.each(recorded)('of %s are read', (_, raw) => {
    const message = decodeTask(raw, ACCEPTED);
    const { headers = {}, correlationId, replyTo } = raw.properties;
    expect(message).toMatchObject({
      taskId: headers.id ?? correlationId,
      taskName: headers.task ?? 'capapp.add',
      groupId: headers.group ?? null,
      rootId: headers.root_id ?? null,
      priority: raw.properties.priority ?? null,
      replyTo: replyTo ?? null,
    });
    expect(decodeBody(message.body).args).toBeInstanceOf(Array);
  });

  const written = recorded.filter(([name]) => !NOT_WRITTEN.includes(name));

  it.each(written)('of %s are written with the same headers and properties', (name, raw) => {
    const { sent } = sendAgain(name, raw);
    const { headers, expiration, ...properties } = withoutSentTime(sent.properties);
    const { headers: recordedHeaders = {}, expiration: recordedExpiration, ...expected } = raw.properties;
    const times = { eta: instant(headers?.eta), expires: instant(headers?.expires) };
    expect({ ...headers, ...times }).toEqual({
      ...recordedHeaders,
      eta: instant(recordedHeaders.eta),
      expires: instant(recordedHeaders.expires),
    });
    expect(properties).toEqual(expected);
    expect(typeof expiration).toBe(typeof recordedExpiration);
    expect([sent.exchange, sent.routingKey]).toEqual([raw.exchange, raw.routingKey]);
  });

  it.each(written)('of %s are written with the same body', (name, raw) => {
    const { sent } = sendAgain(name, raw);
    const { compression } = raw.properties.headers ?? {};
    const bodyOf = (body: Buffer) => parseJson(String(compression ? inflate(body, compression) : body));
    expect(bodyOf(sent.body)).toEqual(bodyOf(raw.body));
  });
});

it('dates, decimals, UUIDs and bytes among the arguments are read as what they are', () => {
  const [, raw] = recordedCalls().find(([name]) => name === 'types_datetime_uuid_decimal_bytes') ?? [];
  const { args, kwargs } = decodeBody(decodeTask(raw as RawMessage).body);
  expect(args).toEqual([new Date('2026-01-02T03:04:05Z')]);
  expect(kwargs.y).toEqual([
    new PythonValue('date', '2026-01-02'),
    new Date('2026-01-02T03:04:05Z'),
    new PythonValue('time', '01:02:00'),
    new PythonValue('uuid', '00000000-0000-0000-0000-000000000005'),
    new PythonValue('decimal', '1.50'),
    Buffer.from([0, 255]),
    Buffer.from('abc'),
    [1, 2],
  ]);
});

it('a message of protocol 1 becomes what one of protocol 2 is', () => {
  const [, raw] = recordedCalls().find(([name]) => name === 'protocol1') ?? [];
  expect(decodeTask(raw as RawMessage)).toMatchObject({
    taskName: 'capapp.add',
    body: '[[1,2],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]',
    embed: { callbacks: null, errbacks: null, chain: null, chord: null },
    expires: new Date('2026-11-23T08:39:26.568Z'),
    eta: null,
    timeLimit: null,
    retries: 0,
    rootId: null,
    argsRepr: '(1, 2)',
    kwargsRepr: '{}',
    headers: {},
  });
});
