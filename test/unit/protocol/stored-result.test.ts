import { describe, expect, it } from 'vitest';
import type { JsonText, TaskId } from '../../../src/contract/job.ts';
import { EncodeError, MessageTooLarge, ProtocolError } from '../../../src/errors.ts';
import { parseJson } from '../../../src/protocol/json.ts';
import { progressResult, successResult, type TaskResult } from '../../../src/protocol/result.ts';
import {
  ANY_RESULTS,
  JSON_RESULTS,
  type ResultContent,
  readStored,
  type Stored,
  writeStored,
} from '../../../src/protocol/result-content.ts';
import type { SerializerName, WritableSerializer } from '../../../src/protocol/serializers.ts';
import {
  readReply,
  readStoredPart,
  readStoredResult,
  readStoredValue,
  writeReply,
  writeStoredPart,
  writeStoredResult,
  writeStoredValue,
} from '../../../src/protocol/stored-result.ts';
import { readFixture } from '../../support/celery-fixtures.ts';

type Encoded = { readonly text: string } | { readonly base64: string };

interface Recorded {
  readonly name: string;
  readonly serializer: SerializerName;
  readonly state: string;
  readonly redis: Encoded;
  readonly part: Encoded;
  readonly mongodb: Encoded;
  readonly reply?: { readonly content_type: string; readonly base64: string };
}

interface Fixture {
  readonly results: readonly Recorded[];
  readonly compressed: readonly Recorded[];
  readonly groups: readonly Pick<Recorded, 'serializer' | 'redis' | 'mongodb'>[];
}

const fixture = readFixture<Fixture>('result-serializers.json');
const plain = [1, -1.5, 'é', null, true, { a: [Buffer.from([0, 255]), 2 ** 40], k: 'yes' }];
const dict = (type: string, module: string, ...args: unknown[]) => ({
  exc_type: type,
  exc_message: args,
  exc_module: module,
});

/** What each of the recorded values is here. */
const values: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['a value', plain],
  ['an empty dict', {}],
  ['nothing', null],
  ['a small integer', 53],
  ['lines of text', 'one\ntwo\n'],
  ['a state on the way', { done: 1 }],
  ['an exception', dict('ValueError', 'builtins', 'boom', { left: 0 })],
  ['an exception of a class of its own', expect.objectContaining({ exc_type: 'ShopError' })],
  ['an exception that cannot be pickled', expect.objectContaining({ exc_message: ['here', 7] })],
  ['a revoked task', dict('TaskRevokedError', 'celery.exceptions', 'terminated')],
  ['dates', [new Date('2026-01-02T03:04:05Z')]],
]);

const cases = fixture.results.map((one) => [`${one.name} in ${one.serializer}`, one] as const);

function accepting(...accept: SerializerName[]): ResultContent {
  return { serializer: 'json', accept };
}

function storedOf(encoded: Encoded): Stored {
  return 'text' in encoded ? encoded.text : Buffer.from(encoded.base64, 'base64');
}

function bytesOf(encoded: Encoded): Buffer {
  return Buffer.from(storedOf(encoded) as string);
}

function replyOf({ content_type: contentType = '', base64 = '' }: NonNullable<Recorded['reply']>) {
  return { correlationId: 'id', contentType, headers: {}, body: Buffer.from(base64, 'base64') };
}

describe('the results of Celery', () => {
  it.each(cases)('are read from Redis, MongoDB and replies: %s', (_, recorded) => {
    const { name, serializer, state, redis, part, mongodb, reply } = recorded;
    const content = accepting(serializer);
    const result = values.get(name);
    const meta = { taskId: 'id', state, result, traceback: null };
    expect(readStoredResult(bytesOf(redis), content)).toMatchObject(meta);
    expect(reply && readReply(replyOf(reply), content)).toMatchObject(meta);
    expect(readStoredValue(storedOf(mongodb), { taskId: 'id', state }, content)).toEqual(result);
    const [version, id, partState, value] = readStoredPart(bytesOf(part), content) as unknown[];
    expect([version, id, partState]).toEqual([1, 'id', state]);
    expect(parseJson(JSON.stringify(value))).toEqual(result);
  });

  it.each(fixture.compressed.map((one) => [one.serializer, one] as const))(
    'are read where they are compressed: %s',
    (_, { serializer, redis, mongodb, state }) => {
      const content = accepting(serializer);
      expect(readStoredResult(bytesOf(redis), content).result).toEqual(
        serializer === 'json' ? expect.anything() : plain,
      );
      expect(readStoredValue(storedOf(mongodb), { taskId: 'id', state }, content)).toHaveLength(6);
    },
  );

  it.each(fixture.groups.map((one) => [one.serializer, one] as const))(
    'are read of saved groups: %s',
    (_, { serializer, redis, mongodb }) => {
      const reading = { content: accepting(serializer), where: 'a group' };
      expect(parseJson(readStored(storedOf(mongodb), reading))).toEqual(['one', 'two']);
      const members = ['one', 'two'].map((id) => [[id, null], null]);
      expect(parseJson(readStored(bytesOf(redis), reading))).toEqual({ result: [['group', null], members] });
    },
  );

  it.each(cases)('are refused by name where they are not accepted: %s', (_, { serializer, ...recorded }) => {
    const refusal = new RegExp(`is ${serializer}, and json is accepted.*OMEGA_RESULT_ACCEPT_CONTENT`);
    expect(() => readStoredResult(bytesOf(recorded.redis), JSON_RESULTS)).toThrow(refusal);
    expect(() => recorded.reply && readReply(replyOf(recorded.reply), JSON_RESULTS)).toThrow(refusal);
    const of = { taskId: 'id', state: recorded.state };
    expect(() => readStoredValue(storedOf(recorded.mongodb), of, JSON_RESULTS)).toThrow(refusal);
  });

  it('name the class of a pickled exception, and of what it holds', () => {
    const own = fixture.results.find(
      ({ name, serializer }) => serializer === 'pickle' && name.includes('own'),
    );
    const { result } = readStoredResult(bytesOf(own?.redis ?? { text: '' }), ANY_RESULTS);
    expect(result).toEqual(dict('ShopError', '__main__', 'sold out', "FileNotFoundError(2, 'no such file')"));
  });

  it('with objects that are no exceptions are refused, and nothing is made of them', () => {
    const pickled = (state: string) =>
      Buffer.from(
        `\x80\x02}(X\x06\0\0\0statusX\x07\0\0\0${state}X\x07\0\0\0task_idX\x01\0\0\0aX\x06\0\0\0resultcshop\nThing\n)Ru.`,
        'latin1',
      );
    expect(() => readStoredResult(pickled('SUCCESS'), ANY_RESULTS)).toThrow(
      /an object of the class 'shop.Thing'/,
    );
    expect(readStoredResult(pickled('FAILURE'), ANY_RESULTS).result).toEqual(dict('Thing', 'shop'));
  });
});

const address = {
  taskId: 'id' as TaskId,
  groupId: 'group',
  parentId: null,
  replyTo: 'q',
  correlationId: 'id',
};
const text = '{"a": [1, 2.5, "é", null], "big": 9007199254740993}' as JsonText;
const written = { a: [1, 2.5, 'é', null], big: 9007199254740993n };

describe.each(['json', 'yaml', 'msgpack'] as const)('results in %s', (serializer: WritableSerializer) => {
  const content: ResultContent = { serializer, accept: [serializer] };
  const result = { ...successResult(address, text), children: [[['child', null], null]] };

  it('are read as they were written', () => {
    const { body, properties } = writeReply(result, content);
    const { contentType } = properties;
    expect(readReply({ correlationId: 'id', contentType, headers: {}, body }, content)).toMatchObject({
      taskId: 'id',
      state: 'SUCCESS',
      result: written,
      children: [[['child', null], null]],
      dateDone: result.dateDone,
    });
    const stored = Buffer.from(writeStoredResult(result, content) as string);
    expect(readStoredResult(stored, content)).toMatchObject({ state: 'SUCCESS', result: written });
    const value = writeStoredValue(result, content);
    expect(readStoredValue(value, result, content)).toEqual(written);
    const part = Buffer.from(writeStoredPart(result, content) as string);
    expect(readStoredPart(part, content)).toMatchObject([1, 'id', 'SUCCESS', { a: written.a }]);
  });
});

describe('a result that a serializer has no form for', () => {
  const content: ResultContent = { serializer: 'msgpack', accept: ['msgpack'] };
  const failed: TaskResult = {
    ...progressResult(address, 'FAILURE', dict('KeyError', 'builtins', 'no', 2n ** 70n)),
    request: { name: 't', args: [2n ** 70n], kwargs: {}, worker: 'w', retries: 0, queue: 'q', stamps: {} },
  };

  it('is an EncodeError', () => {
    const result = successResult(address, String(2n ** 70n) as JsonText);
    expect(() => writeReply(result, content)).toThrow(EncodeError);
    expect(() => writeStoredValue(result, content)).toThrow(EncodeError);
  });

  it('is written all the same when it is a failure, with the repr of what the exception holds', () => {
    const stored = writeStoredResult(failed, content) as Buffer;
    const { result, request } = readStoredResult(stored, content);
    expect(result).toEqual(dict('KeyError', 'builtins', 'no', '1180591620717411303424'));
    expect(request).toBeUndefined();
  });

  it('is too large when no document has room for it', () => {
    const numbers = `[${'1,'.repeat(300_000)}1]` as JsonText;
    const tooLong = { serializer: 'yaml', accept: ['yaml'] } as const;
    expect(() => writeStored(numbers, tooLong)).toThrow(MessageTooLarge);
    const text = JSON.stringify('x'.repeat(11 * 1024 * 1024)) as JsonText;
    expect(() => writeStored(text, content)).toThrow(MessageTooLarge);
    expect(() => writeStored(text, tooLong)).toThrow(MessageTooLarge);
  });
});

it('bytes that are no result of any serializer are refused', () => {
  for (const bytes of [
    Buffer.of(),
    Buffer.of(0),
    Buffer.of(0x80, 0x05),
    Buffer.of(0xc1, 1),
    Buffer.from('x: ['),
  ]) {
    expect(() => readStoredResult(bytes, ANY_RESULTS)).toThrow(ProtocolError);
  }
});
