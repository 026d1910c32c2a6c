/** The dashboards of Grafana. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'helm/omega/files/dashboards';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

export function dashboards(): Dashboard[] {
  return readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
}

/** The expressions of a dashboard as Grafana sends them when everything is chosen: over seconds, with `window`. */
export function expressionsOf({ panels }: Dashboard, window: string): string[] {
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return expressions.map((expression) =>
    expression.replaceAll(/\$__(rate_interval|range)/g, window).replaceAll(/"\$\w+"/g, '".*"'),
  );
}
