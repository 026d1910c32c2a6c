/** What checkov holds against the objects and the Dockerfile, but for what is allowed here, with a reason. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { MATRIX, type Manifest, render } from './chart.ts';
import { pythonTool } from './tools.ts';

/** What is allowed, and why. */
const ALLOWED: readonly { readonly check: string; readonly of?: RegExp; readonly reason: string }[] = [
  { check: 'CKV_K8S_15', reason: 'pullPolicy Always is a value; with a digest it changes nothing' },
  { check: 'CKV_K8S_21', reason: 'the namespace is that of the release' },
  { check: 'CKV_K8S_43', reason: 'a digest is a value: the chart cannot know the registry' },
  {
    check: 'CKV_K8S_35',
    of: /-(flower|exporter)$/,
    reason: 'they know no files with secrets; the value is a reference',
  },
  { check: 'CKV_K8S_8', of: /-ping$/, reason: 'helm test runs it once, until it ends' },
  { check: 'CKV_K8S_8', of: /-placeholder$/, reason: 'it does nothing that could fail' },
  { check: 'CKV_K8S_9', of: /-placeholder$/, reason: 'it does nothing that could fail' },
  { check: 'CKV_K8S_9', of: /-ping$/, reason: 'helm test runs it once, until it ends' },
];

interface Finding {
  readonly check_id: string;
  readonly check_name: string;
  readonly resource: string;
}

it('checkov finds only what is allowed in the objects of the chart', { timeout: 300_000 }, () => {
  // What the values of tests add of strangers is theirs.
  const own = MATRIX.filter((values) => !values?.includes('tls')).flatMap((values) => render(values));
  const findings = checkov(
    'kubernetes',
    'objects.json',
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: own }),
  );
  expect(findings.filter((finding) => !isAllowed(finding))).toEqual([]);
});

it('checkov sees what is wrong', { timeout: 300_000 }, () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    spec: { containers: [{ name: 'x', image: 'x' }] },
  };
  const findings = checkov('kubernetes', 'objects.json', JSON.stringify(pod satisfies Manifest));
  expect(findings.map(({ check_id }) => check_id)).toContain('CKV_K8S_22');
});

function isAllowed({ check_id, resource }: Finding): boolean {
  return ALLOWED.some(({ check, of }) => check === check_id && (of === undefined || of.test(resource)));
}

/** What fails. It would ask its maker's servers for more, which nobody needs. */
function checkov(framework: string, name: string, text: string): Finding[] {
  mkdirSync('dist', { recursive: true });
  const folder = mkdtempSync(join('dist', 'policies-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), text);
  const flags = ['--framework', framework, '--output', 'json', '--compact', '--quiet', '--skip-download'];
  const { stdout, stderr } = spawnSync(pythonTool('checkov'), ['--file', join(folder, name), ...flags], {
    encoding: 'utf8',
    env: { ...process.env, LOG_LEVEL: 'ERROR' },
    maxBuffer: 1e9,
  });
  const report = JSON.parse(stdout || 'null') as { results?: { failed_checks: Finding[] } } | null;
  if (!report?.results) throw new Error(`checkov has looked at nothing: ${stdout}${stderr}`);
  return report.results.failed_checks.map(({ check_id, check_name, resource }) => ({
    check_id,
    check_name,
    resource,
  }));
}
