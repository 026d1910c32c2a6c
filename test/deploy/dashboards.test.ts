/** The dashboards, as far as they can be looked at without Grafana. */
import { expect, it } from 'vitest';
import { type Dashboard, dashboards, expressionsOf } from './dashboards.ts';
import { metricsIn } from './promql.ts';

it('have names and panels of their own', () => {
  const uids = dashboards().map(({ uid }) => uid);
  expect(uids).toEqual(['omega-queues-and-tasks', 'omega-workers']);
  for (const { panels } of dashboards()) {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  }
});

it.each(dashboards())('$title: no panel lies over another', ({ panels }) => {
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
});

it.each(dashboards())('$title: reads only the chosen source, namespaces and pools', (dashboard) => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');
  expect(panels.every(({ datasource }) => datasource?.uid === `\${datasource}`)).toBe(true);
  const own = panels.flatMap(({ targets = [] }) => targets).filter(({ expr }) => /omega_\w+\{/.test(expr));
  expect(
    own.filter(({ expr }) => !/\{namespace=~"\$namespace", pool=~"\$pool"|\{queue=~"\$queue"/.test(expr)),
  ).toEqual([]);
});

it.each(dashboards())('$title: has every variable that it uses', (dashboard) => {
  const known = [...dashboard.templating.list.map(({ name }) => name), '__rate_interval', '__range'];
  expect(variablesOf(dashboard).filter((name) => !known.includes(name))).toEqual([]);
});

it.each(dashboards())('$title: has only PromQL', (dashboard) => {
  const expressions = expressionsOf(dashboard, '5m');
  expect(expressions.filter((expression) => metricsIn(expression).length === 0)).toEqual([]);
});

function variablesOf({ panels }: Dashboard): string[] {
  const text = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n');
  return [...new Set([...text.matchAll(/\$(\w+)/g)].map(([, name = '']) => name))];
}
