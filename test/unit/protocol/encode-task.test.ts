import { describe, expect, it } from 'vitest';
import { EncodeError } from '../../../src/errors.ts';
import { decodeBody, decodeTask } from '../../../src/protocol/decode-task.ts';
import { PythonValue } from '../../../src/protocol/python-value.ts';
import { encodeTask, type TaskCall } from '../../../src/protocol/task-message.ts';

const call: TaskCall = {
  taskId: '5754696d-db79-4aee-a502-b1e9eab57fbf',
  taskName: 'shop.add',
  args: [1, 2],
  kwargs: {},
  queue: 'celery',
  replyTo: 'reply-queue',
};

describe('encodeTask', () => {
  it('writes the 19 headers of the protocol, and when it is sent', () => {
    const { headers = {} } = encodeTask(call).properties;
    expect(Object.keys(headers)).toHaveLength(20);
    expect(headers.timestamp_in_ms).toBeTypeOf('number');
    expect(headers).toMatchObject({ argsrepr: '(1, 2)', kwargsrepr: '{}', timelimit: [null, null] });
  });

  it('names this process as the origin unless told otherwise', () => {
    expect(encodeTask(call).properties.headers?.origin).toMatch(new RegExp(`^gen${process.pid}@.+`));
  });

  it('counts the time to live of the message from now', () => {
    const now = new Date('2026-01-01T00:00:00Z');
    const expiration = (expires: string) =>
      encodeTask({ ...call, expires: new Date(expires) }, now).properties.expiration;
    expect(expiration('2026-01-01T00:02:00Z')).toBe('120000');
    expect(expiration('2025-01-01T00:00:00Z')).toBe('0');
  });

  it('does not let further headers replace those of the protocol', () => {
    const further = { id: 'other', compression: 'none', traceparent: '00-abc' };
    const { headers } = encodeTask({ ...call, headers: further, compression: 'gzip' }).properties;
    expect(headers).toMatchObject({
      id: call.taskId,
      compression: 'application/x-gzip',
      traceparent: '00-abc',
    });
  });

  it('goes to another exchange where the call names one', () => {
    const sent = encodeTask({ ...call, exchange: 'topics', routingKey: 'a.b', replacedNesting: 2 });
    expect(sent).toMatchObject({ exchange: 'topics', routingKey: 'a.b' });
    expect(sent.properties.headers?.replaced_task_nesting).toBe(2);
  });

  it('refuses arguments without a JSON form and names the place', () => {
    expect(() => encodeTask({ ...call, kwargs: { x: [() => 1] } })).toThrow(/'\[1\]\.x\[0\]'/);
  });

  it('refuses an eta that is no date', () => {
    expect(() => encodeTask({ ...call, eta: new Date(Number.NaN) })).toThrow(EncodeError);
  });

  it.each([
    ['yaml', 'application/x-yaml', 'utf-8'],
    ['msgpack', 'application/x-msgpack', 'binary'],
    ['json', 'application/json', 'utf-8'],
  ] as const)(
    'writes %s that reads as the same, also compressed',
    (serializer, contentType, contentEncoding) => {
      const args = [1, -1.5, 'é', null, true, { a: ['yes', '1:30', '2026-01-02'] }, Buffer.from([0, 255])];
      for (const packed of [{}, { compression: 'gzip' as const }]) {
        const sent = encodeTask({ ...call, args, serializer, ...packed });
        expect(sent.properties).toMatchObject({ contentType, contentEncoding });
        const { body } = decodeTask({ ...sent, redelivered: false }, [serializer]);
        expect(decodeBody(body).args).toEqual(args);
      }
    },
  );

  it.each(['yaml', 'msgpack'] as const)(
    'writes what only JSON has a marker for as text in %s',
    (serializer) => {
      const args = [new PythonValue('decimal', '1.50'), new Date('2026-01-02T03:04:05Z')];
      const sent = encodeTask({ ...call, args, serializer });
      const { body } = decodeTask({ ...sent, redelivered: false }, [serializer]);
      expect(decodeBody(body).args).toEqual(['1.50', '2026-01-02T03:04:05+00:00']);
    },
  );

  it('refuses an integer that msgpack has no room for', () => {
    expect(() => encodeTask({ ...call, args: [2n ** 64n], serializer: 'msgpack' })).toThrow(EncodeError);
  });
});
