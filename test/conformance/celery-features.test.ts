import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pythonPath } from '../support/python.ts';
import { readTitles } from '../support/test-titles.ts';

/** A row of the table: what it is about, how it stands, in words, and the tests that show it. */
interface Row {
  /** Names of Celery, a `*` at the end for all that begin so. */
  readonly names: readonly string[];
  readonly state: string;
  readonly words: string;
  /** File name and title, as `worker-eta.test.ts: a task runs at its time`. */
  readonly tests: readonly string[];
}

const SECTIONS = ['settings', 'task', 'sending', 'canvas', 'commands'] as const;
const STATES = ['works', 'differently', 'not'];
const page = readFileSync('docs/celery.md', 'utf8');
const titles = readTitles('test');
const installed: Readonly<Record<(typeof SECTIONS)[number], readonly string[]>> = JSON.parse(
  execFileSync(pythonPath(), ['test/python/celery_features.py'], { encoding: 'utf8' }),
);

describe('the table of Celery features', () => {
  it.each(SECTIONS)('has a row for each of the installed Celery: %s', (section) => {
    const names = rowsOf(section).flatMap((row) => row.names);
    expect(installed[section].filter((name) => !names.some((known) => covers(known, name)))).toEqual([]);
  });

  it.each(SECTIONS)('names nothing that Celery has not: %s', (section) => {
    const unknown = rowsOf(section)
      .flatMap((row) => row.names)
      .filter((known) => !installed[section].some((name) => covers(known, name)));
    expect(unknown).toEqual([]);
  });

  it('says of each whether it works, in words where it does so differently or not', () => {
    const wrong = allRows().filter(
      ({ state, words }) => !STATES.includes(state) || (state !== 'works' && words === ''),
    );
    expect(wrong).toEqual([]);
  });

  it('names a test that there is for all that works', () => {
    const wrong = allRows().filter(({ state, tests }) => {
      if (tests.length === 0) return state !== 'not';
      return !tests.every((test) => titles.has(test));
    });
    expect(wrong.map(({ names, tests }) => [names.join(', '), tests])).toEqual([]);
  });
});

function allRows(): Row[] {
  return page.split(/^## /m).slice(1).flatMap(readRows);
}

/** Rows below the heading that names the section in backquotes. */
function rowsOf(section: string): Row[] {
  const part = page.split(/^## /m).find((text) => text.split('\n')[0]?.includes(`\`${section}\``));
  return part === undefined ? [] : readRows(part);
}

function readRows(text: string): Row[] {
  return [...text.matchAll(/^\| (`.+?`) *\| (\w+) *\| (.*?) *\| (.*?) *\|$/gm)].map(
    ([, names = '', state = '', words = '', tests = '']) => ({
      names: [...names.matchAll(/`(.+?)`/g)].map(([, name = '']) => name),
      state,
      words,
      tests: [...tests.matchAll(/`(.+?)`/g)].map(([, test = '']) => test),
    }),
  );
}

function covers(known: string, name: string): boolean {
  return known.endsWith('*') ? name.startsWith(known.slice(0, -1)) : known === name;
}
