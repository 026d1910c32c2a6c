/** What is written about the deployment is about what is there. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { chartReadme, currentReadme } from './chart-readme.ts';
import { alerts } from './rules.ts';

const RUNBOOK = 'docs/runbook.md';
const PAGES = [RUNBOOK, 'docs/operations.md', 'helm/omega/README.md', 'helm/omega/UPGRADING.md'];

it('the README of the chart lists its values (else: npm run docs:chart)', () => {
  expect(currentReadme()).toBe(chartReadme());
});

it('every alert leads to a section of the runbook, and every section is of an alert', () => {
  const sections = [...readFileSync(RUNBOOK, 'utf8').matchAll(/^### (\w+)$/gm)].map(([, name = '']) => name);
  expect(
    alerts()
      .map(({ alert }) => alert)
      .toSorted(),
  ).toEqual(sections.toSorted());
  for (const { alert, annotations } of alerts()) {
    expect(annotations.runbook_url).toBe(`${RUNBOOK}#${alert.toLowerCase()}`);
  }
});

it('every section of the runbook says what an alert means, where to look, and what to do', () => {
  const [, ...sections] = readFileSync(RUNBOOK, 'utf8').split(/^### /m);
  for (const section of sections) {
    expect([...section.matchAll(/^\*\*(\w+)\.\*\*/gm)].map(([, word]) => word)).toEqual([
      'Meaning',
      'Look',
      'Do',
    ]);
  }
});

it.each(PAGES)('the links of %s lead somewhere', (page) => {
  const text = readFileSync(page, 'utf8');
  const targets = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
  const files = targets
    .filter((target) => !/^(https?:|#)/.test(target))
    .map((target) => target.split('#')[0] ?? '');
  expect(files.filter((file) => !existsSync(join(dirname(page), file)))).toEqual([]);
  const anchors = targets.filter((target) => target.startsWith('#')).map((target) => target.slice(1));
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase());
  expect(anchors.filter((anchor) => !headings.includes(anchor))).toEqual([]);
});
