import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { patternOf, readMutants } from '../mutants/mutants.ts';
import { readTitles } from '../support/test-titles.ts';

const mutants = readMutants();

it.each(mutants.map((mutant) => [mutant.name, mutant] as const))('the mutant %s applies', (_, { patch }) => {
  execFileSync('git', ['apply', '--check', patch], { stdio: 'pipe' });
});

it('every mutant names a test that there is, of a defence that docs/security.md names', () => {
  const titles = readTitles('test');
  const page = readFileSync('docs/security.md', 'utf8');
  expect(mutants.length).toBeGreaterThan(20);
  expect(mutants.filter(({ test }) => !titles.has(test)).map(({ name }) => name)).toEqual([]);
  expect(mutants.filter(({ test }) => !page.includes(`\`${test}\``)).map(({ name }) => name)).toEqual([]);
  expect(mutants.filter(({ what }) => what === '').map(({ name }) => name)).toEqual([]);
});

it('the test of a mutant is found by its title, and the case by a part of its own', () => {
  const mutant = { name: 'm', what: 'w', only: null, patch: 'p' };
  const cases = { ...mutant, test: 'a.test.ts: is %s, (no) more than %d' };
  expect('describe is one, (no) more than 5').toMatch(new RegExp(patternOf(cases)));
  expect('is one, no more than 5').not.toMatch(new RegExp(patternOf(cases)));
  expect('is two, (no) more than 5').not.toMatch(new RegExp(patternOf({ ...cases, only: 'one' })));
});
