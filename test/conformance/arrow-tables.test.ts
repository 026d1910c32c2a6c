import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { pythonPath } from '../support/python.ts';

const ROWS = [
  { double: 0.1, integer: 1, big: 2n ** 60n, flag: true, when: new Date(5), text: 'ü', 1: 7 },
  { double: null, integer: null, big: null, flag: null, when: null, text: null, 1: 8 },
  { double: 3, integer: -3, big: -1n, flag: false, when: new Date(1e12), text: '', 1: 9 },
];

test('a table of Arrow that a frame has written is read by pandas, and one of pyarrow by a frame', {
  timeout: 600_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'omega-arrow-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [written, answered] = [join(folder, 'written.arrow'), join(folder, 'answered.arrow')];
  writeFileSync(written, await DataFrame.fromRows(ROWS).toArrow());
  execFileSync(pythonPath(), ['test/python/exchange_arrow.py', written, answered]);
  const back = await DataFrame.fromArrow(readFileSync(answered));
  expect(back.toRows()).toEqual(ROWS.map((row, i) => ({ ...row, small: i, day: new Date(86_400_000 * i) })));
  expect(back.column('small').type).toBe('int32');
});
