import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readTitles } from '../support/test-titles.ts';

/** The tables of a page that name tests in their last column. */
const NAMES_TESTS = /\| (test|shown by) +\|$/;

it.each(['guarantees', 'security', 'estimators'])(
  'every promise of docs/%s.md names a test that there is',
  (page) => {
    const rows = tablesOf(readFileSync(`docs/${page}.md`, 'utf8')).flatMap(([header = '', , ...body]) =>
      NAMES_TESTS.test(header) ? body : [],
    );
    expect(rows.length).toBeGreaterThan(10);
    const titles = readTitles('test');
    const wrong = rows.filter((row) => {
      const named = [...row.matchAll(/`([\w-]+\.test\.ts: .+?)`/g)].map(([, title = '']) => title);
      return named.length === 0 || !named.every((title) => titles.has(title));
    });
    expect(wrong).toEqual([]);
  },
);

function tablesOf(page: string): readonly (readonly string[])[] {
  const tables = page.match(/(^\|.*\|\n?)+/gm) ?? [];
  return tables.map((table) => table.trimEnd().split('\n'));
}
