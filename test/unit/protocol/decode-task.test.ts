import { describe, expect, it } from 'vitest';
import { ContentDisallowed, ProtocolError } from '../../../src/errors.ts';
import { decodeBody, decodeTask, readResultAddress } from '../../../src/protocol/decode-task.ts';
import { encodeTask, type RawMessage, type TaskCall } from '../../../src/protocol/task-message.ts';

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

  it('passes a JSON body on as it is, to the letter', () => {
    const text = '[ [NaN, 12345678901234567890, {"__type__": "date", "__value__": "2026-01-02"}], {}, null]';
    expect(decodeTask(withBody(text)).body).toBe(text);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no task name', { task: undefined }, /'task' is missing/],
    ['a task name that is no text', { task: 5 }, /'task' is 5/],
    ['no id', { id: null }, /'id' is null/],
    ['an id longer than a correlation id', { id: 'é'.repeat(128) }, /255 bytes/],
    ['an eta that is no date', { eta: 'tomorrow' }, /'eta' is 'tomorrow'/],
    ['an eta that is no text', { eta: 5 }, /'eta' is 5/],
    ['an expiry in seconds', { expires: 5.5 }, /'expires' is 5\.5/],
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

  it.each(['application/x-python-serialize', 'application/x-yaml', 'application/data', undefined])(
    'refuses the content type %s unless it is accepted',
    (contentType) => {
      const { contentType: _, ...properties } = rawOf().properties;
      const raw = rawOf({
        properties: contentType === undefined ? properties : { ...properties, contentType },
      });
      expect(() => decodeTask(raw)).toThrow(ContentDisallowed);
    },
  );

  it('refuses JSON where only another serializer is accepted', () => {
    expect(() => decodeTask(rawOf(), ['yaml'])).toThrow(ContentDisallowed);
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

  it('keeps the headers of strangers', () => {
    expect(decodeTask(rawOf({}, { traceparent: '00-abc' })).headers).toMatchObject({ traceparent: '00-abc' });
  });
});

describe('protocol 1 and the hybrid', () => {
  const older = {
    task: 'shop.add',
    id: 'older-id',
    args: [1],
    kwargs: { y: { __type__: 'date', __value__: '2026-01-02' } },
    taskset: 'group-id',
    retries: 2,
    eta: '2030-01-02T03:04:05',
    utc: true,
    callbacks: [{ task: 'shop.next' }],
    errbacks: null,
    timelimit: [30, null],
    chord: null,
  };
  const olderRaw = (body: object, headers: Record<string, unknown> = {}): RawMessage => ({
    body: Buffer.from(JSON.stringify(body)),
    properties: { contentType: 'application/json', correlationId: 'older-id', headers },
    exchange: '',
    routingKey: 'celery',
    redelivered: false,
  });

  it('become what protocol 2 has', () => {
    const message = decodeTask(olderRaw(older, { traceparent: '00-abc' }));
    expect(message).toMatchObject({
      taskId: 'older-id',
      taskName: 'shop.add',
      groupId: 'group-id',
      retries: 2,
      eta: new Date('2030-01-02T03:04:05Z'),
      timeLimit: 30,
      argsRepr: '(1,)',
      embed: { callbacks: [{ task: 'shop.next' }], errbacks: null, chain: null, chord: null },
      headers: { traceparent: '00-abc' },
    });
    expect(JSON.parse(message.body).slice(0, 2)).toEqual([older.args, older.kwargs]);
  });

  it('take no arguments for none', () => {
    const { args, kwargs } = decodeBody(decodeTask(olderRaw({ task: 'shop.add', id: 'a' })).body);
    expect([args, kwargs]).toEqual([[], {}]);
  });

  it('believe the headers of a hybrid more than its body', () => {
    const headers = { task: 'shop.sub', id: 'newer-id', root_id: 'root' };
    const message = decodeTask(olderRaw(older, headers));
    expect(message).toMatchObject({ taskName: 'shop.sub', taskId: 'newer-id', rootId: 'root', retries: 2 });
  });

  it.each([
    ['arguments that are no list', { ...older, args: 'ab' }],
    ['keyword arguments that are no object', { ...older, kwargs: [] }],
    ['no task', { ...older, task: undefined }],
    ['an id that is no text', { ...older, id: 5 }],
    ['nothing', {}],
    ['nesting up to the limit', { ...older, chord: JSON.parse(`${'{"a":'.repeat(799)}1${'}'.repeat(799)}`) }],
  ])('refuse %s', (_, body) => {
    expect(() => decodeTask(olderRaw(body))).toThrow(ProtocolError);
  });
});

describe('readResultAddress', () => {
  const address = { groupId: null, parentId: null, replyTo: 'reply-queue' };

  it('says whose failure a message is that cannot be decoded', () => {
    const found = { ...address, taskId: call.taskId, correlationId: call.taskId };
    expect(readResultAddress(withBody('['))).toEqual(found);
  });

  it('finds the id in the body of protocol 1', () => {
    const raw = withBody('{"task": 5, "id": "older-id", "taskset": "g"}');
    const properties = { ...raw.properties, headers: {} };
    expect(readResultAddress({ ...raw, properties })).toMatchObject({ taskId: 'older-id', groupId: 'g' });
  });

  it('falls back to the correlation id', () => {
    const properties = { correlationId: 'c', replyTo: 'reply-queue', headers: { id: 5 } };
    const found = { ...address, taskId: 'c', correlationId: 'c' };
    expect(readResultAddress(rawOf({ properties }))).toEqual(found);
  });

  it('leaves out what cannot be sent again as a property', () => {
    const properties = {
      correlationId: '\ufffd'.repeat(255),
      replyTo: '\ufffd'.repeat(200),
      headers: { id: 'a' },
    };
    expect(readResultAddress(rawOf({ properties }))).toMatchObject({ correlationId: 'a', replyTo: null });
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
