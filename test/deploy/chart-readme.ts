/** The chart's README, made of the comments in its values: `npm run docs:chart` writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { at, CHART } from './chart.ts';

const README = `${CHART}/README.md`;
const BEGIN = '<!-- made of values.yaml by npm run docs:chart -->';
const MARK = '# -- ';

/** The README as it should be: what is before the mark is written by hand. */
export function chartReadme(): string {
  const [text = ''] = readFileSync(README, 'utf8').split(BEGIN);
  const rows = describeValues(readFileSync(`${CHART}/values.yaml`, 'utf8'));
  const lines = rows.map(({ path, meaning, value }) => `| \`${path}\` | ${meaning} | ${asCell(value)} |`);
  return `${text}${BEGIN}\n\n| value | meaning | default |\n| --- | --- | --- |\n${lines.join('\n')}\n`;
}

/** The README as it is. */
export function currentReadme(): string {
  return readFileSync(README, 'utf8');
}

interface ValueDescription {
  readonly path: string;
  readonly meaning: string;
  readonly value: unknown;
}

/** The values that have a comment with the mark, in their order. */
function describeValues(text: string): ValueDescription[] {
  const values = load(text);
  const parents: string[] = [];
  const described: ValueDescription[] = [];
  let meaning: string | null = null;
  for (const line of text.split('\n')) {
    const [, indent = '', mark = '', key = ''] = /^( *)(# -- )?([^\n]*)$/.exec(line) ?? [];
    if (mark === MARK) {
      meaning = key;
      continue;
    }
    const name = /^([A-Za-z]+):/.exec(key)?.[1];
    if (name === undefined) continue;
    parents.splice(indent.length / 2, parents.length, name);
    const path = parents.join('.');
    if (meaning !== null) described.push({ path, meaning, value: at(values, path) });
    meaning = null;
  }
  return described;
}

/** A bar would end the cell. */
function asCell(value: unknown): string {
  return `\`${JSON.stringify(value).replaceAll('|', '\\|')}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(README, chartReadme());
