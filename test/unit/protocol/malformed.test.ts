import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ContentDisallowed, ProtocolError } from '../../../src/errors.ts';
import { decodeTask, readResultAddress } from '../../../src/protocol/decode-task.ts';
import type { SerializerName } from '../../../src/protocol/serializers.ts';
import type { RawMessage } from '../../../src/protocol/task-message.ts';
import { malformedMessages } from '../../fixtures/malformed/corpus.ts';
import type { Malformed } from '../../fixtures/malformed/message.ts';

const ACCEPT: readonly SerializerName[] = ['json', 'yaml', 'msgpack', 'pickle'];
const TRACE = `/tmp/omega-malformed-${process.pid}`;
const corpus = malformedMessages(TRACE);

/** What a message may take up to be refused: a bomb must not get far. */
const MOST_BYTES = 400 * 1024 * 1024;

describe('a malformed message', () => {
  it('is there more than a hundred times', () => {
    expect(corpus.length).toBeGreaterThan(100);
    expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
  });

  it.each(corpus.map((one) => [one.name, one] as const))(
    'with %s is refused, and says whose it is',
    (_, one) => {
      const raw = received(one);
      expect(readResultAddress(raw, ACCEPT)?.taskId ?? null).toBe(one.taskId);
      const error = errorOf(() => decodeTask(raw, ACCEPT));
      expect([ProtocolError, ContentDisallowed]).toContain(error?.constructor);
      if (one.name.startsWith('pickle')) expect(error?.message).toMatch(/pickle|body (is|holds)/);
      expect(error?.message.length).toBeLessThan(2_000);
      expect(process.memoryUsage().external).toBeLessThan(MOST_BYTES);
    },
  );

  it.each(named(/^(gzip|brotli|bzip2|zstd): a bomb($| that)/))(
    'that is a bomb is given up while it is unpacked: %s',
    (_, message) => {
      expect(errorOf(() => decodeTask(received(message), ACCEPT))?.message).toMatch(
        /^the body cannot be unpacked/,
      );
    },
  );

  it.each(named(/^pickle: (os|builtins|subprocess)\.|^pickle: (a call|a type|a name|OBJ|NEWOBJ)/))(
    'that is a pickle is refused for the class that it names: %s',
    (_, message) => {
      const error = errorOf(() => decodeTask(received(message), ACCEPT));
      expect(error?.message).toMatch(/^a pickle names '.*', which is not read/);
    },
  );

  it('changes no prototype and executes nothing', () => {
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(existsSync(TRACE)).toBe(false);
  });
});

function named(pattern: RegExp): [string, Malformed][] {
  return corpus.filter(({ name }) => pattern.test(name)).map((one) => [one.name, one]);
}

function received(message: Malformed): RawMessage {
  return { ...message, exchange: '', routingKey: 'q', redelivered: false };
}

function errorOf(action: () => unknown): Error | undefined {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  return undefined;
}
