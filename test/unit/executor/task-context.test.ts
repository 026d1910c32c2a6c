import { expect, test } from 'vitest';
import { EncodeError, InvalidOptions, MessageTooLarge } from '../../../src/errors.ts';
import { RunLine } from '../../../src/executor/run-line.ts';
import { createTaskContext, reportProgress } from '../../../src/executor/task-context.ts';
import { job, noLine } from '../../support/executors.ts';

const JOB = job('sample.empty');

function recorded() {
  const reports: string[][] = [];
  const line = { ...noLine, progress: (...report: string[]) => reports.push(report) };
  return { reports, line: new RunLine(line) };
}

test('progress has a state of its own, PROGRESS by default', () => {
  const { reports, line } = recorded();
  reportProgress(line, JOB, { done: 1 });
  line.end();
  const other = recorded();
  reportProgress(other.line, JOB, 'reading', 'READING');
  expect([...reports, ...other.reports]).toEqual([
    ['PROGRESS', '{"done":1}'],
    ['READING', '"reading"'],
  ]);
});

test.each(['SUCCESS', 'FAILURE', 'RETRY', 'REVOKED', ''])("a running task cannot report '%s'", (state) => {
  expect(() => reportProgress(noLine, JOB, null, state)).toThrow(InvalidOptions);
});

test('what JSON cannot hold is refused where it is reported', () => {
  expect(() => reportProgress(noLine, JOB, () => 1)).toThrow(EncodeError);
});

test('progress tells what was, also when it is sent later', () => {
  const { reports, line } = recorded();
  const meta = { done: 1 };
  reportProgress(line, JOB, meta);
  meta.done = 2;
  reportProgress(line, JOB, meta);
  meta.done = 3;
  line.end();
  expect(reports.map(([, text]) => text)).toEqual(['{"done":1}', '{"done":2}']);
});

test('after its end a run reports nothing and sends nothing', async () => {
  const { reports, line } = recorded();
  line.end();
  reportProgress(line, JOB, 1);
  expect(reports).toEqual([]);
  await expect(line.send('{}' as never)).rejects.toThrow(/await context\.send/);
});

test('what the supervisor has no room for is refused where it is handed over', async () => {
  const small = { ...JOB, resultLimit: 100 };
  const { signal } = new AbortController();
  const context = createTaskContext({ name: 'sample.empty' } as never, small, signal, noLine);
  const large = { text: 'x'.repeat(100) };
  expect(() => context.progress(large)).toThrow(MessageTooLarge);
  expect(() => context.retry({ input: large })).toThrow(
    /^the input of task .* has \d+ bytes, the limit is 100/,
  );
  expect(() => context.replace(large as never)).toThrow(MessageTooLarge);
  await expect(context.send(large as never)).rejects.toThrow(MessageTooLarge);
});
