import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentDisallowed, EncodeError, ProtocolError } from '../../../src/errors.ts';
import { decodeBody, decodeTask, readResultAddress } from '../../../src/protocol/decode-task.ts';
import { PythonValue } from '../../../src/protocol/python-value.ts';
import {
  encodeTask,
  type RawMessage,
  type TaskCall,
  type TaskMessage,
} from '../../../src/protocol/task-message.ts';
import { propertiesOf, rawMessage, readFixture, recordedTasks } from '../../support/celery-fixtures.ts';

/** Free text for display, that a caller may replace, and the arguments in it are tuples in Python. */
const MASKED_HEADERS = ['argsrepr', 'kwargsrepr'];

const call: TaskCall = {
  taskId: '5754696d-db79-4aee-a502-b1e9eab57fbf',
  taskName: 'shop.add',
  args: [1, 2],
  kwargs: {},
  queue: 'celery',
  replyTo: 'reply-queue',
  origin: 'gen1@host',
};

function rawOf(change: Partial<RawMessage> = {}, headers: Record<string, unknown> = {}): RawMessage {
  const { body, properties, exchange, routingKey } = encodeTask(call);
  const all = { ...properties, headers: { ...properties.headers, ...headers } };
  return { body, properties: all, exchange, routingKey, redelivered: false, ...change };
}

const withBody = (text: string) => rawOf({ body: Buffer.from(text) });

function callOf(message: TaskMessage): TaskCall {
  const { args, kwargs } = decodeBody(message.body);
  const { stamps } = message.headers;
  return {
    ...message,
    args,
    kwargs,
    queue: message.deliveryInfo.routingKey,
    replyTo: message.replyTo ?? '',
    origin: message.origin ?? '',
    ignoreResult: message.headers.ignore_result as boolean | null,
    stamps: stamps as Record<string, unknown>,
    headers: message.headers,
  };
}

describe('golden messages of Celery', () => {
  it.each(recordedTasks())('decodes what %s sends', (_, recorded) => {
    const message = decodeTask(rawMessage(recorded));
    expect(message).toMatchObject({
      taskId: recorded.headers.id,
      taskName: recorded.headers.task,
      groupId: recorded.headers.group,
      rootId: recorded.headers.root_id,
      replyTo: recorded.properties.reply_to,
      priority: recorded.properties.priority ?? null,
    });
  });

  it.each(recordedTasks())('writes what %s sends, field for field', (_, recorded) => {
    const message = decodeTask(rawMessage(recorded));
    const { expiration, app_id, ...expected } = recorded.properties;
    const sent = encodeTask(callOf(message));
    const { headers = {}, expiration: ours, ...properties } = sent.properties;
    const masked = Object.fromEntries(MASKED_HEADERS.map((name) => [name, recorded.headers[name]]));
    const dates = { eta: message.eta?.getTime(), expires: message.expires?.getTime() };
    expect({ ...headers, ...masked, ...dates }).toEqual({ ...recorded.headers, ...dates });
    expect(properties).toEqual({
      ...propertiesOf({ ...recorded, properties: expected }),
      headers: undefined,
    });
    expect(ours === undefined).toBe(expiration === undefined);
    expect(sent.routingKey).toBe('celery');
  });

  it.each(recordedTasks())('writes the body of %s, marker for marker', (name, recorded) => {
    const message = decodeTask(rawMessage(recorded));
    const sent = JSON.parse(encodeTask(callOf(message)).body.toString());
    const finerThanMilliseconds = name === 'types_datetime_uuid_decimal_bytes';
    if (finerThanMilliseconds) {
      expect(sent[0][0].__value__).toBe('2026-01-02T03:04:05+00:00');
      expect(sent[1].y.slice(3)).toEqual(JSON.parse(message.body)[1].y.slice(3));
      return;
    }
    expect(sent).toEqual(JSON.parse(message.body));
  });

  it('decodes the arguments of Python types', () => {
    const [recorded] = readFixture('task-messages.json').types_datetime_uuid_decimal_bytes ?? [];
    if (recorded === undefined) throw new Error('the fixture is not there');
    const { args, kwargs } = decodeBody(decodeTask(rawMessage(recorded)).body);
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
});

describe('encodeTask', () => {
  it('writes the 19 headers of the protocol', () => {
    const { headers = {} } = encodeTask(call).properties;
    expect(Object.keys(headers)).toHaveLength(19);
    expect(headers).toMatchObject({ argsrepr: '(1, 2)', kwargsrepr: '{}', timelimit: [null, null] });
  });

  it('names this process as the origin unless told otherwise', () => {
    const { origin: _, ...anonymous } = call;
    const { headers } = encodeTask(anonymous).properties;
    expect(headers?.origin).toMatch(new RegExp(`^gen${process.pid}@.+`));
  });

  it('counts the time to live of the message from now', () => {
    const now = new Date('2026-01-01T00:00:00Z');
    const expiration = (expires: string) =>
      encodeTask({ ...call, expires: new Date(expires) }, now).properties.expiration;
    expect(expiration('2026-01-01T00:02:00Z')).toBe('120000');
    expect(expiration('2025-01-01T00:00:00Z')).toBe('0');
  });

  it('does not let further headers replace those of the protocol', () => {
    const { headers } = encodeTask({ ...call, headers: { id: 'other', traceparent: '00-abc' } }).properties;
    expect(headers).toMatchObject({ id: call.taskId, traceparent: '00-abc' });
  });

  it('refuses arguments without a JSON form and names the place', () => {
    expect(() => encodeTask({ ...call, kwargs: { x: [() => 1] } })).toThrow(/'\[1\]\.x\[0\]'/);
  });

  it('refuses an eta that is no date', () => {
    expect(() => encodeTask({ ...call, eta: new Date(Number.NaN) })).toThrow(EncodeError);
  });
});

describe('decodeTask', () => {
  it('reads dates, limits and counts', () => {
    const raw = rawOf(
      {},
      {
        eta: '2030-01-02T03:04:05',
        expires: '2030-01-02T03:04:05.5+02:00',
        timelimit: [30, 0],
        retries: 2,
        replaced_task_nesting: 1,
        ignore_result: true,
      },
    );
    expect(decodeTask(raw)).toMatchObject({
      eta: new Date('2030-01-02T03:04:05Z'),
      expires: new Date('2030-01-02T01:04:05.500Z'),
      timeLimit: 30,
      softTimeLimit: null,
      retries: 2,
      replacedNesting: 1,
      ignoreResult: true,
    });
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no task name', { task: undefined }, /'task' is missing/],
    ['a task name that is no text', { task: 5 }, /'task' is 5/],
    ['no id', { id: null }, /'id' is null/],
    ['an id longer than a correlation id', { id: 'é'.repeat(128) }, /255 bytes/],
    ['an eta that is no date', { eta: 'tomorrow' }, /'eta' is 'tomorrow'/],
    ['an eta that is no text', { eta: 5 }, /'eta' is 5/],
    ['an expiry that no calendar has', { expires: '2026-02-30T00:00:00' }, /'expires'/],
    ['retries below zero', { retries: -1 }, /'retries' is -1/],
    ['one time limit', { timelimit: [1] }, /'timelimit' is a list/],
    ['a time limit that is no number', { timelimit: ['1', null] }, /'timelimit' is '1'/],
    ['a root id that is no text', { root_id: {} }, /'root_id'/],
  ])('refuses %s', (_, headers, message) => {
    expect(() => decodeTask(rawOf({}, headers))).toThrow(ProtocolError);
    expect(() => decodeTask(rawOf({}, headers))).toThrow(message);
  });

  it.each([
    ['no JSON', '[[1,'],
    ['no list', '{"task": "x"}'],
    ['a list of two', '[[], {}]'],
    ['arguments that are no list', '[{}, {}, {}]'],
    ['keyword arguments that are no object', '[[], [], {}]'],
    ['an embed that is no object', '[[], {}, 5]'],
    ['a chain that is no list', '[[], {}, {"chain": {}}]'],
    ['callbacks that are no objects', '[[], {}, {"callbacks": [5]}]'],
    ['a chord that is no object', '[[], {}, {"chord": []}]'],
    ['nesting without end', '['.repeat(100_000)],
  ])('refuses a body of %s', (_, body) => {
    expect(() => decodeTask(withBody(body))).toThrow(ProtocolError);
  });

  it('refuses a body that is no UTF-8', () => {
    expect(() => decodeTask(rawOf({ body: Buffer.from([0x5b, 0xff, 0x5d]) }))).toThrow(/not UTF-8/);
  });

  it.each(['application/x-python-serialize', 'application/x-yaml', undefined])(
    'refuses the content type %s',
    (contentType) => {
      const { contentType: _, ...properties } = rawOf().properties;
      const raw = rawOf({
        properties: contentType === undefined ? properties : { ...properties, contentType },
      });
      expect(() => decodeTask(raw)).toThrow(ContentDisallowed);
    },
  );

  it('refuses a compressed body', () => {
    expect(() => decodeTask(rawOf({}, { compression: 'application/x-gzip' }))).toThrow(ContentDisallowed);
  });

  it('reads JSON whatever its content encoding says, as kombu does', () => {
    const raw = rawOf();
    const properties = { ...raw.properties, contentEncoding: 'binary' };
    expect(decodeTask({ ...raw, properties }).taskName).toBe('shop.add');
  });

  it('leaves signatures as they are on the wire', () => {
    const marked = { __type__: 'datetime', __value__: '2026-01-02T03:04:05.000006' };
    const signature = { task: 'shop.next', args: [marked], options: { task_id: 'b' } };
    const { embed } = decodeTask(withBody(JSON.stringify([[], {}, { chain: [signature] }])));
    expect(embed).toEqual({ callbacks: null, errbacks: null, chain: [signature], chord: null });
  });

  it('throws nothing but its own errors, whatever arrives', () => {
    const values = fc.oneof(fc.jsonValue(), fc.string(), fc.constant(undefined));
    const names = fc.constantFrom(
      'task',
      'id',
      'eta',
      'expires',
      'timelimit',
      'retries',
      'group',
      'parent_id',
    );
    const bodies = fc.oneof(
      fc.json(),
      fc.string(),
      fc.jsonValue().map((value) => JSON.stringify([[], {}, value])),
    );
    fc.assert(
      fc.property(fc.dictionary(names, values), bodies, (headers, body) => {
        try {
          decodeTask(rawOf({ body: Buffer.from(body) }, headers));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});

describe('readResultAddress', () => {
  it('says whose failure a message is that cannot be decoded', () => {
    expect(readResultAddress(withBody('['))).toEqual({
      taskId: call.taskId,
      groupId: null,
      parentId: null,
      replyTo: 'reply-queue',
      correlationId: call.taskId,
    });
  });

  it('is null for a message without an id', () => {
    expect(readResultAddress(rawOf({ properties: {} }))).toBeNull();
  });
});

describe('decodeBody', () => {
  it('refuses keyword arguments that are a marker', () => {
    const { body } = decodeTask(withBody('[[], {"__type__": "bytes", "__value__": "x"}, null]'));
    expect(() => decodeBody(body)).toThrow(ProtocolError);
  });
});
