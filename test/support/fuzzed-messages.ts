/** Messages made of recorded ones by random changes, for fast-check. */
import fc from 'fast-check';
import type { MessageProperties } from '../../src/contract/transport.ts';
import type { Sendable } from './amqp-operator.ts';
import { recordedBodies, recordedCalls, recordedTraffic } from './celery-fixtures.ts';

type Change = (message: Sendable) => Sendable;

/** A recorded message, or one with a recorded body, after up to four changes. Ids are the recorded ones. */
export function fuzzedMessage(): fc.Arbitrary<Sendable> {
  const base = fc.constantFrom(...recordedMessages());
  return fc
    .tuple(base, fc.array(change(), { maxLength: 4 }))
    .map(([message, changes]) => changes.reduce((changed, apply) => apply(changed), message));
}

/** Gives a message an id of its own, unless its id has been changed. */
export function withId({ body, properties }: Sendable, id: string): Sendable {
  const { headers = {} } = properties;
  const { expiration: _, ...kept } = properties;
  const isRecorded = typeof headers.id === 'string' && headers.id.length === 36;
  const own = isRecorded ? { ...headers, id, root_id: id } : headers;
  return { body, properties: { ...kept, correlationId: id, headers: own } };
}

/** Coordination tasks are left out: they would wait for tasks that nobody sends. */
function recordedMessages(): Sendable[] {
  const calls = [...recordedCalls(), ...recordedTraffic()]
    .map(([, { body, properties }]) => ({
      body,
      properties: { ...properties, replyTo: '', headers: atOnce(properties) },
    }))
    .filter(({ properties }) => !String(properties.headers?.task).startsWith('celery.'));
  const plain: MessageProperties = calls[0]?.properties ?? {};
  const bodies = recordedBodies().map(({ body_base64, content_type, content_encoding, compression }) => ({
    body: Buffer.from(body_base64, 'base64'),
    properties: {
      ...plain,
      contentType: content_type,
      contentEncoding: content_encoding,
      headers: { ...plain.headers, ...(compression === null ? {} : { compression }) },
    },
  }));
  const known = [...calls, ...bodies].map(({ body, properties }) => ({
    body,
    properties: { ...properties, headers: { ...properties.headers, task: 'test.prototype' } },
  }));
  return [...calls, ...bodies, ...known];
}

/** Without an ETA that would keep a worker waiting. */
function atOnce({ headers = {} }: MessageProperties): Record<string, unknown> {
  return 'eta' in headers ? { ...headers, eta: null } : { ...headers };
}

function change(): fc.Arbitrary<Change> {
  return fc.oneof(flipped(), cut(), inserted(), otherBody(), otherHeader(), otherType());
}

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function flipped(): fc.Arbitrary<Change> {
  return fc
    .array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 5 })
    .map((flips) => ({ body, properties }) => {
      const copy = Buffer.from(body);
      for (const [where, byte] of flips) copy[Math.floor(where * copy.length)] = byte;
      return { body: copy, properties };
    });
}

function cut(): fc.Arbitrary<Change> {
  return place.map((where) => ({ body, properties }) => ({
    body: body.subarray(0, Math.floor(where * body.length)),
    properties,
  }));
}

function inserted(): fc.Arbitrary<Change> {
  return fc.tuple(place, fc.uint8Array({ maxLength: 16 })).map(([where, bytes]) => ({ body, properties }) => {
    const at = Math.floor(where * body.length);
    return { body: Buffer.concat([body.subarray(0, at), bytes, body.subarray(at)]), properties };
  });
}

function otherBody(): fc.Arbitrary<Change> {
  const embed = fc.jsonValue({ maxDepth: 3 });
  const bodies = fc.oneof(
    fc.json({ maxDepth: 3 }),
    embed.map((value) => JSON.stringify([[], {}, value])),
    embed.map((value) => JSON.stringify({ task: 'test.prototype', args: value, kwargs: {} })),
    fc.constantFrom(
      '',
      '{}',
      '[[],{"__proto__":{"polluted":1}},null]',
      '[[],{},{"chain":[{"task":"__proto__"}]}]',
    ),
  );
  return bodies.map((text) => ({ properties }) => ({ body: Buffer.from(text), properties }));
}

function otherHeader(): fc.Arbitrary<Change> {
  const names = fc.constantFrom(
    ...[
      'task',
      'id',
      'eta',
      'expires',
      'retries',
      'timelimit',
      'root_id',
      'parent_id',
      'group',
      'group_index',
    ],
    ...[
      'shadow',
      'origin',
      'argsrepr',
      'stamps',
      'ignore_result',
      'replaced_task_nesting',
      'compression',
      'x',
    ],
    ...['__proto__', 'constructor', 'x-death', 'CC'],
  );
  const scalars = fc.oneof(
    fc.integer(),
    fc.boolean(),
    fc.string({ maxLength: 40 }),
    fc.constantFrom(
      null,
      '',
      '2026-01-01T00:00:00',
      'application/x-gzip',
      'application/zstd',
      'application/x-bz2',
    ),
  );
  const values = fc.oneof(
    scalars,
    fc.array(scalars, { maxLength: 3 }),
    fc.dictionary(
      fc.string({ maxLength: 8 }).filter((name) => name !== '!'),
      scalars,
      { maxKeys: 3 },
    ),
  );
  return fc.tuple(names, values).map(([name, value]) => ({ body, properties }) => ({
    body,
    properties: { ...properties, headers: { ...properties.headers, [name]: routable(name, value) } },
  }));
}

/** The broker closes the channel on a CC that is no list of texts, and sends copies to what is one. */
function routable(name: string, value: unknown): unknown {
  return name === 'CC' ? [] : value;
}

function otherType(): fc.Arbitrary<Change> {
  const types = fc.constantFrom<MessageProperties['contentType']>(
    ...['application/json', 'application/x-yaml', 'application/x-msgpack', 'application/x-python-serialize'],
    ...['application/data', 'text/plain', '', '__proto__'],
  );
  return types.map((contentType = '') => ({ body, properties }) => ({
    body,
    properties: { ...properties, contentType },
  }));
}
