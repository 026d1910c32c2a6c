import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readLines } from '../../../src/executors/output.ts';

async function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  readLines(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  await new Promise((resolve) => stream.once('close', resolve).end());
  return lines;
}

test('lines are put together from chunks, the last one without a line end', async () => {
  expect(await linesOf('one\ntw', 'o\r\n\nthr', 'ee')).toEqual(['one', 'two', 'three']);
});

test('a character that two chunks share stays whole', async () => {
  const bytes = Buffer.from('né\n');
  expect(await linesOf(bytes.subarray(0, 2), bytes.subarray(2))).toEqual(['né']);
});

test('a line without an end is cut, so that it never has to be held as a whole', async () => {
  const lines = await linesOf('x'.repeat(20_000));
  expect(lines.map(({ length }) => length)).toEqual([8192, 8192, 3616]);
});
