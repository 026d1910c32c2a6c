import { describe, expect, it } from 'vitest';
import { createSession } from '../../../src/notebook/messages.ts';

const KEY = 'a0436f6c-1916-498b-8eb9-e81ab9368e84';

/** A message as jupyter_client's Session.serialize makes it; the signature is Python's hmac of these parts. */
const recorded = [
  'kernel.stream.stdout',
  '<IDS|MSG>',
  'af8f9a1d95a5147745e6588bc7d65bcf9627ff4f1bf5f0c4c195d58294bf6081',
  '{"msg_id":"m1","msg_type":"stream","username":"u","session":"s","date":"2026-01-02T03:04:05Z","version":"5.4"}',
  '{"msg_id":"p1"}',
  '{}',
  '{"name":"stdout","text":"\u00e9\\n"}',
].map((part) => Buffer.from(part));

function changed(index: number, part: string): Buffer[] {
  return recorded.with(index, Buffer.from(part));
}

describe('a session', () => {
  it('reads a message that is signed with the key', () => {
    expect(createSession(KEY).decode(recorded)).toEqual({
      type: 'stream',
      date: '2026-01-02T03:04:05Z',
      parentId: 'p1',
      content: { name: 'stdout', text: 'é\n' },
    });
  });

  it.each([
    ['a changed content', changed(6, '{"name":"stdout","text":"x"}')],
    ['a changed signature', changed(2, '0'.repeat(64))],
    ['a signature of another length', changed(2, '')],
    ['no delimiter', recorded.slice(2)],
    ['too few parts', recorded.slice(0, 5)],
    ['no parts', []],
  ])('drops a message with %s', (_, frames) => {
    expect(createSession(KEY).decode(frames)).toBeNull();
  });

  it('drops a message that is signed with another key', () => {
    expect(createSession('other').decode(recorded)).toBeNull();
  });

  it('signs what it sends', () => {
    const { id, frames } = createSession(KEY).encode('kernel_info_request', { a: 1 });
    const read = createSession(KEY).decode(frames);
    expect(read).toMatchObject({ type: 'kernel_info_request', parentId: '', content: { a: 1 } });
    expect(JSON.parse(String(frames[2]))).toMatchObject({ msg_id: id, version: '5.3', username: 'omega' });
  });
});
