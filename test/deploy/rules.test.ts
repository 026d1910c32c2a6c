/** The alerts and recording rules: right by promtool, and of metrics that are there. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import { metricsIn } from './promql.ts';
import { alerts, ruleFiles } from './rules.ts';
import { prometheusTool } from './tools.ts';

const TESTS = 'test/deploy/rules';

/** A part of promtool's format. */
interface AlertTest {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

it('promtool takes the rules', () => {
  expect(promtool(['check', 'rules', '--lint-fatal', ...ruleFiles()])).not.toContain('FAILED');
});

it.each(readdirSync(TESTS))('the alerts fire when they should, and only then: %s', (file) => {
  expect(promtool(['test', 'rules', join(TESTS, file)])).toContain('SUCCESS');
});

it('every alert is made to fire by a test', () => {
  const fired = new Set(readdirSync(TESTS).flatMap((file) => firedIn(join(TESTS, file))));
  expect(alerts().flatMap(({ alert }) => (fired.has(alert) ? [] : [alert]))).toEqual([]);
});

it('what is no PromQL is refused', () => {
  expect(metricsIn('sum by (a) (rate(b_total{c="d"}[5m])) > 0 unless e:f:g offset 15m')).toEqual([
    'b_total',
    'e:f:g',
  ]);
  expect(() => metricsIn('sum by (a (b)')).toThrow('no PromQL');
});

/** Names of the alerts that a file of tests expects. */
function firedIn(path: string): string[] {
  const { tests } = load(readFileSync(path, 'utf8')) as { tests: { alert_rule_test?: AlertTest[] }[] };
  const expected = tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test);
  return expected.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname);
}

function promtool(args: readonly string[]): string {
  return execFileSync(prometheusTool('promtool'), args, { encoding: 'utf8', stdio: 'pipe' });
}
