import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readTitles } from '../support/test-titles.ts';

it.each(['guarantees', 'security'])('every promise of docs/%s.md names a test that there is', (page) => {
  const [, , ...rows] = readFileSync(`docs/${page}.md`, 'utf8').match(/^\|.*\|$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(10);
  const titles = readTitles('test');
  const wrong = rows.filter((row) => {
    const named = [...row.matchAll(/`([\w-]+\.test\.ts: .+?)`/g)].map(([, title = '']) => title);
    return named.length === 0 || !named.every((title) => titles.has(title));
  });
  expect(wrong).toEqual([]);
});
