import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { encodeTask } from '../../src/protocol/task-message.ts';
import { pythonPath } from '../support/python.ts';

const script = fileURLToPath(new URL('../python/read_bodies.py', import.meta.url));
const args = [
  1,
  -1.5,
  1e21,
  2 ** 40,
  'é😀',
  '',
  null,
  true,
  ['yes', 'off', '1:30', '010', '2026-01-02', '~', '<<', '1e3'],
];
const kwargs = { text: 'a\nb: c # d', '1': { deep: [[], {}] }, bytes: Buffer.from([0, 255]) };

it('kombu reads what a client of ours writes in every serializer, also compressed', () => {
  const sent = (['yaml', 'msgpack'] as const).flatMap((serializer) =>
    [{}, { compression: 'gzip' as const }].map((packed) =>
      encodeTask({
        taskId: 'a',
        taskName: 't',
        queue: 'q',
        replyTo: '',
        args,
        kwargs,
        serializer,
        ...packed,
      }),
    ),
  );
  const lines = sent.map(({ body, properties }) =>
    JSON.stringify({ ...properties, body: body.toString('base64') }),
  );
  const { stdout, stderr } = spawnSync(pythonPath(), [script], { input: lines.join('\n'), encoding: 'utf8' });
  expect(stderr).toBe('');
  const read = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const embed = { callbacks: null, errbacks: null, chain: null, chord: null };
  const expected = [args, { ...kwargs, bytes: { bytes: '00ff' } }, embed];
  expect(read).toEqual(sent.map(() => expected));
}, 60_000);
