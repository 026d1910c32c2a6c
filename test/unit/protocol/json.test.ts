import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EncodeError, ProtocolError } from '../../../src/errors.ts';
import { parseJson, parsePlainJson, stringifyJson } from '../../../src/protocol/json.ts';
import { PythonValue } from '../../../src/protocol/python-value.ts';

const roundTrip = (value: unknown) => parseJson(stringifyJson(value));

describe('parseJson', () => {
  it('reads the tokens that Python writes for floats that are not finite', () => {
    expect(parseJson('[NaN, Infinity, -Infinity, {"a": NaN}]')).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      { a: Number.NaN },
    ]);
  });

  it('keeps integers beyond 2^53 exact and leaves the others numbers', () => {
    expect(
      parseJson('[9007199254740993, -9007199254740993, 9007199254740991, 18446744073709551615]'),
    ).toEqual([9007199254740993n, -9007199254740993n, 9007199254740991, 18446744073709551615n]);
  });

  it('reads floats of many digits as numbers', () => {
    const numbers = ['0.12345678901234567', '12345678901234567.5', '12345678901234567e3'];
    expect(parseJson(`[${numbers}]`)).toEqual(numbers.map(Number));
  });

  it('decodes the markers of kombu', () => {
    const markers = {
      datetime: '2026-01-02T03:04:05.006007+02:00',
      naive: '2026-01-02T03:04:05',
      bytes: 'abc',
      base64: 'AP8=',
    };
    const marked = Object.entries(markers).map(([type, value]) => ({
      __type__: type === 'naive' ? 'datetime' : type,
      __value__: value,
    }));
    expect(parseJson(JSON.stringify(marked))).toEqual([
      new Date('2026-01-02T01:04:05.006Z'),
      new Date('2026-01-02T03:04:05Z'),
      Buffer.from('abc'),
      Buffer.from([0, 255]),
    ]);
  });

  it.each([
    ['date', '2026-01-02', '2026-01-02'],
    ['time', '01:02:00', '01:02:00'],
    ['decimal', '1.50', '1.50'],
    ['uuid', { hex: '00000000000000000000000000000005' }, '00000000-0000-0000-0000-000000000005'],
  ])('reads a Python %s as its text and writes the same marker again', (type, value, text) => {
    const marker = { __type__: type, __value__: value };
    const decoded = parseJson(JSON.stringify(marker));
    expect(decoded).toBeInstanceOf(PythonValue);
    expect(`${decoded}`).toBe(text);
    expect(JSON.parse(stringifyJson(decoded))).toEqual(marker);
  });

  it('finds a marker whose key is written with escapes', () => {
    expect(parseJson('{"\\u005f_type__": "bytes", "__valu\\u0065__": "x"}')).toEqual(Buffer.from('x'));
  });

  it.each([
    ['an unknown type', '{"__type__": "complex", "__value__": 1}'],
    ['a datetime that is none', '{"__type__": "datetime", "__value__": "2026-02-31T00:00:00"}'],
    ['a decimal that is none', '{"__type__": "decimal", "__value__": "1,5"}'],
    ['a uuid without digits', '{"__type__": "uuid", "__value__": {"hex": "5"}}'],
  ])('refuses a marker of %s', (_, text) => {
    expect(() => parseJson(text)).toThrow(ProtocolError);
  });

  it('leaves an object alone that has more than the keys of a marker', () => {
    const value = { __type__: 'bytes', __value__: 'x', more: 1 };
    expect(parseJson(JSON.stringify(value))).toEqual(value);
  });

  it('reads 800 levels of nesting and no more', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(() => parseJson(nested(800))).not.toThrow();
    expect(() => parseJson(nested(801))).toThrow(/deeper than 800/);
    expect(() => parseJson(nested(200_000))).toThrow(/deeper than 800/);
  });

  it.each(['{"__proto__": {"admin": true}}', '{"__proto__": {"admin": true}, "n": NaN}'])(
    'keeps the prototype of what it reads: %s',
    (text) => {
      const value = parseJson(text);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Reflect.get(Object(value), 'admin')).toBeUndefined();
      expect(Object.keys(Object(value))).toContain('__proto__');
    },
  );

  it.each([
    '',
    ' ',
    '[1,]',
    '[1 2]',
    '{"a" 1}',
    '{a: 1}',
    '[NaN',
    '[NaN}',
    '[NaN, ]',
    '{"a": NaN,}',
    '[NaN, "\\x"]',
    '[NaN, "\n"]',
    '[NaN, "open',
    '[NaN, 01]',
    '[NaN, +1]',
    '[NaN, .5]',
    '[NaN] 1',
    'nan',
    '[tru, NaN]',
    '--Infinity',
    '\ufeff[1]',
  ])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(ProtocolError);
  });

  it('refuses an integer of more digits than Python reads', () => {
    expect(() => parseJson('9'.repeat(4301))).toThrow(/4300 digits/);
  });

  it('agrees with JSON.parse on every JSON text without long integers, also on its slow way', () => {
    const texts = fc.json({ maxDepth: 5 }).filter((text) => !/\d{16}/.test(text));
    fc.assert(
      fc.property(texts, (text) => {
        expect(parsePlainJson(text)).toEqual(JSON.parse(text));
        expect(parsePlainJson(`[NaN, ${text}]`)).toEqual([Number.NaN, JSON.parse(text)]);
      }),
    );
  });
});

describe('parsePlainJson', () => {
  it('leaves markers as they are', () => {
    const value = [{ __type__: 'datetime', __value__: '2026-01-02T03:04:05.000006' }];
    expect(parsePlainJson(JSON.stringify(value))).toEqual(value);
  });
});

describe('stringifyJson', () => {
  it('writes what JSON.stringify loses', () => {
    expect(stringifyJson([Number.NaN, Number.NEGATIVE_INFINITY, 2n ** 64n, 1])).toBe(
      '[NaN,-Infinity,18446744073709551616,1]',
    );
  });

  it('writes a number beyond 2^53 as a float, so that it is read as a number again', () => {
    expect(stringifyJson(2 ** 60)).toBe('1.152921504606847e+18');
    expect(roundTrip(2 ** 60)).toBe(2 ** 60);
  });

  it('writes a date as Python does', () => {
    expect(JSON.parse(stringifyJson(new Date('2026-01-02T03:04:05.006Z')))).toEqual({
      __type__: 'datetime',
      __value__: '2026-01-02T03:04:05.006000+00:00',
    });
  });

  it('writes bytes as text where they are text, else as base64', () => {
    expect(JSON.parse(stringifyJson([Buffer.from('é'), Uint8Array.of(0, 255)]))).toEqual([
      { __type__: 'bytes', __value__: 'é' },
      { __type__: 'base64', __value__: 'AP8=' },
    ]);
  });

  it('writes typed arrays and sets as arrays, maps as objects', () => {
    const value = {
      floats: Float64Array.of(1.5, Number.NaN),
      longs: BigInt64Array.of(2n ** 60n),
      set: new Set(['a']),
      map: new Map<unknown, unknown>([
        ['a', new Map([[1, Number.NaN]])],
        ['b', undefined],
      ]),
    };
    expect(stringifyJson(value)).toBe(
      '{"floats":[1.5,NaN],"longs":[1152921504606846976],"set":["a"],"map":{"a":{"1":NaN}}}',
    );
  });

  it('treats undefined as JSON.stringify does, and as null at the top', () => {
    expect(stringifyJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
    expect(stringifyJson({ a: undefined, b: [undefined, 1n] })).toBe('{"b":[null,1]}');
    expect(stringifyJson(undefined)).toBe('null');
  });

  it('asks a value for its own JSON form', () => {
    expect(stringifyJson({ id: { toJSON: () => 'x' } })).toBe('{"id":"x"}');
  });

  it.each<[string, unknown, RegExp]>([
    ['a function', { a: [1, { f: () => 1 }] }, /a function at 'a\[1\]\.f'/],
    ['a symbol', Symbol('s'), /a symbol at the value itself/],
    ['a forgotten await', { rows: Promise.resolve(1) }, /an object of type Promise at 'rows'/],
    ['an error', [new Error('x')], /an object of type Error/],
    ['an invalid date', { when: new Date(Number.NaN) }, /a date .* at 'when'/],
    ['a map with object keys', new Map([[{}, 1]]), /a Map key of type object/],
    ['a DataView', new DataView(new ArrayBuffer(1)), /a DataView/],
  ])('refuses %s and says where it is', (_, value, message) => {
    expect(() => stringifyJson(value)).toThrow(EncodeError);
    expect(() => stringifyJson(value)).toThrow(message);
  });

  it('refuses a cycle', () => {
    const node: Record<string, unknown> = {};
    node.self = node;
    expect(() => stringifyJson(node)).toThrow(/a cycle, or nesting deeper than 800 levels, at 'self\.self/);
  });

  it('writes what parseJson reads back as the same value', () => {
    const keys = fc.string().filter((key) => !key.startsWith('__'));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        tie('leaf'),
        fc.array(tie('value')),
        fc.dictionary(keys, tie('value')),
      ),
      leaf: fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.double().filter((number) => !Object.is(number, -0)),
        fc.bigInt().filter((number) => !Number.isSafeInteger(Number(number))),
        fc.boolean(),
        fc.constant(null),
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
    }));
    fc.assert(
      fc.property(value, (original) => {
        expect(roundTrip(original)).toEqual(original);
      }),
    );
  });
});
