import { expect, test } from 'vitest';
import { EncodeError, InvalidOptions } from '../../../src/errors.ts';
import { RunLine } from '../../../src/executor/run-line.ts';
import { reportProgress } from '../../../src/executor/task-context.ts';
import { noLine } from '../../support/executors.ts';

function recorded() {
  const reports: string[][] = [];
  const line = { ...noLine, progress: (...report: string[]) => reports.push(report) };
  return { reports, line: new RunLine(line) };
}

test('progress has a state of its own, PROGRESS by default', () => {
  const { reports, line } = recorded();
  reportProgress(line, { done: 1 });
  line.end();
  const other = recorded();
  reportProgress(other.line, 'reading', 'READING');
  expect([...reports, ...other.reports]).toEqual([
    ['PROGRESS', '{"done":1}'],
    ['READING', '"reading"'],
  ]);
});

test.each(['SUCCESS', 'FAILURE', 'RETRY', 'REVOKED', ''])("a running task cannot report '%s'", (state) => {
  expect(() => reportProgress(noLine, null, state)).toThrow(InvalidOptions);
});

test('what JSON cannot hold is refused where it is reported', () => {
  expect(() => reportProgress(noLine, () => 1)).toThrow(EncodeError);
});

test('progress tells what was, also when it is sent later', () => {
  const { reports, line } = recorded();
  const meta = { done: 1 };
  reportProgress(line, meta);
  meta.done = 2;
  reportProgress(line, meta);
  meta.done = 3;
  line.end();
  expect(reports.map(([, text]) => text)).toEqual(['{"done":1}', '{"done":2}']);
});

test('after its end a run reports nothing and sends nothing', async () => {
  const { reports, line } = recorded();
  line.end();
  reportProgress(line, 1);
  expect(reports).toEqual([]);
  await expect(line.send('{}' as never)).rejects.toThrow(/await context\.send/);
});
