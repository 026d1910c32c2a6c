/**
 * Reads and writes values as deep as they may be, in every way that is there, and ends with the status 0 if nothing
 * runs out of stack. To be run in a process whose stack is smaller than usual.
 */
import { isDeepStrictEqual } from 'node:util';
import { toNative } from '../../src/backend/native-values.ts';
import { OmegaError } from '../../src/errors.ts';
import { applySignature } from '../../src/protocol/canvas.ts';
import { foreignJson } from '../../src/protocol/foreign-value.ts';
import { parseJson, stringifyJson } from '../../src/protocol/json.ts';
import { MAX_DEPTH, parseStrictly } from '../../src/protocol/json-parser.ts';
import { writeJson } from '../../src/protocol/json-writer.ts';
import { readBody, type SerializerName, writeBody } from '../../src/protocol/serializers.ts';

const ACCEPT: readonly SerializerName[] = ['json', 'yaml', 'msgpack', 'pickle'];
const levels = Array.from({ length: MAX_DEPTH }, (_, level) => level);
const value = levels.reduce<unknown>((inner, level) => (level % 2 ? { a: inner } : [inner]), 1);
const copy = structuredClone(value);
const text = stringifyJson(value);
const sender = {
  parent: null,
  replyTo: '',
  queue: 'q',
  origin: '',
  now: new Date(),
  chords: 'unlock',
} as const;
const errback = (inner: unknown) => ({ task: 'e', args: [inner], kwargs: {}, options: {} });
const chain = {
  task: 'celery.chain',
  args: [],
  kwargs: { tasks: [{ task: 't', args: [], kwargs: {}, options: { link_error: [errback(value)] } }] },
  options: { link_error: [errback(copy)] },
  subtask_type: 'chain',
};

const ways: readonly (() => unknown)[] = [
  () => parseJson(text),
  () => parseStrictly(text, true),
  () => writeJson(value),
  () => foreignJson(value),
  () => toNative(value),
  () => isDeepStrictEqual(value, copy),
  () => applySignature(chain as never, { ...sender, newId: String }),
  ...(['yaml', 'msgpack'] as const).map((serializer) => () => {
    const { body, properties } = writeBody(text, { serializer });
    return readBody(body, properties, ACCEPT);
  }),
  () => readBody(Buffer.from(text), { contentType: 'application/x-yaml' }, ACCEPT),
  // Far deeper ones are refused before they use up the stack.
  ...hostile('application/json', Buffer.from('['.repeat(1_000_000))),
  ...hostile('application/x-yaml', Buffer.from('- '.repeat(100_000))),
  ...hostile('application/x-yaml', Buffer.from('[{a: '.repeat(100_000))),
  ...hostile('application/x-msgpack', Buffer.alloc(1_000_000, 0x91)),
  ...hostile('application/x-python-serialize', Buffer.from(`${']'.repeat(100_000)}${'a'.repeat(99_999)}.`)),
];
for (const way of ways) way();

function hostile(contentType: string, body: Buffer): readonly (() => unknown)[] {
  return [
    () => {
      try {
        parseJson(readBody(body, { contentType }, ACCEPT));
      } catch (error) {
        if (error instanceof OmegaError && !error.message.includes('call stack')) return;
        throw error;
      }
      throw new Error(`${contentType} was read`);
    },
  ];
}
