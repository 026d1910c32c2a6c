import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ContentDisallowed, ProtocolError } from '../../../src/errors.ts';
import { decodeBody, decodeTask, readResultAddress } from '../../../src/protocol/decode-task.ts';
import type { SerializerName } from '../../../src/protocol/serializers.ts';
import { fuzzedMessage } from '../../support/fuzzed-messages.ts';

const ACCEPT: readonly SerializerName[] = ['json', 'yaml', 'msgpack', 'pickle'];
const before = Object.getOwnPropertyNames(Object.prototype);

it('decodeTask throws nothing but its own errors, whatever arrives', () => {
  fc.assert(
    fc.property(fuzzedMessage(), (message) => {
      const raw = { ...message, exchange: '', routingKey: 'q', redelivered: false };
      readResultAddress(raw, ACCEPT);
      try {
        decodeBody(decodeTask(raw, ACCEPT).body);
      } catch (error) {
        expect([ProtocolError, ContentDisallowed]).toContain((error as Error).constructor);
      }
    }),
    { numRuns: 5_000 },
  );
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
});

it.each([
  'application/x-yaml',
  'application/x-msgpack',
  'application/x-python-serialize',
  'application/json',
])('random bytes as %s are refused or read', (contentType) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(null, 'gzip', 'bzip2', 'zstd'),
      (bytes, compression) => {
        const properties = { contentType, headers: { task: 't', id: 'i', compression } };
        const raw = {
          body: Buffer.from(bytes),
          properties,
          exchange: '',
          routingKey: 'q',
          redelivered: false,
        };
        try {
          decodeTask(raw, ACCEPT);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
