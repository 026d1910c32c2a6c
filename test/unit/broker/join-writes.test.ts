import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { joinWrites } from '../../../src/broker/join-writes.ts';

/** A stream that keeps what each call to what is below it got. */
function recordingStream(highWaterMark = 1024): { stream: Duplex; calls: string[] } {
  const calls: string[] = [];
  const stream = new Duplex({
    highWaterMark,
    read: () => undefined,
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => String(chunk)).join('|'));
      done();
    },
  });
  joinWrites(stream);
  return { stream, calls };
}

test('what is written in one go leaves in one call, in its order', async () => {
  const { stream, calls } = recordingStream();
  for (const frame of ['a', 'b', 'c']) stream.write(frame);
  expect(calls).toEqual([]);
  await turn();
  expect(calls).toEqual(['a|b|c']);
});

test('what is written later leaves in a call of its own', async () => {
  const { stream, calls } = recordingStream();
  stream.write('a');
  await turn();
  stream.write('b');
  await turn();
  expect(calls).toEqual(['a', 'b']);
});

test('a write answers whether there is room for more', () => {
  const { stream } = recordingStream(2);
  expect([stream.write('a'), stream.write('b')]).toEqual([true, false]);
});

test('what was written before the end still leaves', async () => {
  const { stream, calls } = recordingStream();
  stream.write('a');
  stream.end('b');
  await turn();
  expect(calls.join('|')).toBe('a|b');
});
