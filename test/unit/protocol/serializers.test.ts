import { describe, expect, it } from 'vitest';
import { ContentDisallowed, ProtocolError } from '../../../src/errors.ts';
import { parsePlainJson } from '../../../src/protocol/json.ts';
import { readBody, type SerializerName } from '../../../src/protocol/serializers.ts';
import { recordedBodies } from '../../support/celery-fixtures.ts';

const ALL: readonly SerializerName[] = ['json', 'yaml', 'msgpack', 'pickle'];

const propertiesOf = (contentType: string, compression: string | null = null) => ({
  contentType,
  headers: compression === null ? {} : { compression },
});

describe('a body that kombu wrote', () => {
  it.each(recordedBodies().map((recorded) => [recorded.name, recorded] as const))(
    'as %s reads as kombu JSON has it',
    (_, { body_base64, content_type, compression, json }) => {
      const body = Buffer.from(body_base64, 'base64');
      const text = readBody(body, propertiesOf(content_type, compression), ALL);
      expect(parsePlainJson(text)).toEqual(parsePlainJson(json));
    },
  );

  it.each(ALL)('is refused where %s is not accepted', (name) => {
    const [recorded] = recordedBodies().filter((one) => one.name === `${name} uncompressed`);
    const body = Buffer.from(recorded?.body_base64 ?? '', 'base64');
    const others = ALL.filter((other) => other !== name);
    expect(() => readBody(body, propertiesOf(recorded?.content_type ?? ''), others)).toThrow(
      ContentDisallowed,
    );
  });
});

describe('readBody', () => {
  it.each([
    ['lzma', 'application/x-lzma'],
    ['a number', 5],
    ['a list', ['gzip']],
    ['the name of a property of objects', 'constructor'],
  ])('refuses %s as a compression', (_, compression) => {
    const properties = { contentType: 'application/json', headers: { compression } };
    expect(() => readBody(Buffer.from('[]'), properties)).toThrow(ContentDisallowed);
  });

  it.each([null, '', 0])('takes the compression %j for none', (compression) => {
    const properties = { contentType: 'application/json', headers: { compression } };
    expect(readBody(Buffer.from('[]'), properties)).toBe('[]');
  });

  it('refuses a body over 16 MiB', () => {
    const body = Buffer.alloc(16 * 1024 * 1024 + 1, ' ');
    expect(() => readBody(body, propertiesOf('application/json'))).toThrow(/over the limit/);
  });

  it.each([
    ['a tag that is no data', '!!python/object/apply:os.system ["true"]'],
    ['a tag of its own', '!mine 5'],
    ['an alias of nothing', '[*a]'],
    ['two documents', '--- 1\n--- 2'],
    ['a list that holds itself', '&a [*a]'],
    ['deep nesting', '['.repeat(100_000)],
    ['bytes that are no text', '\xff'],
    ['too many aliases', `a: &a 1\nb: [${'*a, '.repeat(2_000)}]`],
    ['a map as a key', '{[1]: 2, {a: b}: {}}: 3'],
    ['more than a MiB', ' '.repeat(1024 * 1024 + 1)],
  ])('refuses YAML with %s', (_, text) => {
    const body = Buffer.from(text, 'latin1');
    expect(() => readBody(body, propertiesOf('application/x-yaml'), ALL)).toThrow(ProtocolError);
  });

  it.each([
    ['nothing', []],
    ['an unused type', [0xc1]],
    ['a text that is cut off', [0xa5, 0x61]],
    ['a list that says more than there is', [0xdd, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a map that says more than there is', [0xdf, 0xff, 0xff, 0xff, 0xff]],
    [
      'lists in lists that say what they have not',
      Array.from({ length: 300 }, () => [0xdc, 0x00, 0xff]).flat(),
    ],
    ['deep nesting', Array.from({ length: 100_000 }, () => 0x91)],
    ['bytes of a length that is cut off', [0xc6, 0x00]],
    ['an extension', [0xd4, 0x05, 0x01]],
    ['a list as a key', [0x81, 0x90, 0x01]],
    ['a key that is a prototype', [0x81, 0xa9, ...Buffer.from('__proto__'), 0x01]],
    ['more after the end', [0x01, 0x02]],
  ])('refuses msgpack with %s', (_, bytes) => {
    const body = Buffer.from(bytes);
    expect(() => readBody(body, propertiesOf('application/x-msgpack'), ALL)).toThrow(ProtocolError);
  });

  it('reads timestamps of msgpack as datetimes', () => {
    const body = Buffer.from([0xd6, 0xff, 0, 0, 0, 1]);
    const text = readBody(body, propertiesOf('application/x-msgpack'), ALL);
    expect(parsePlainJson(text)).toEqual({ __type__: 'datetime', __value__: '1970-01-01T00:00:01+00:00' });
  });
});
