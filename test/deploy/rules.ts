/** The alerts and recording rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';

const FOLDER = 'helm/omega/files/prometheus';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

export interface Recording {
  readonly record: string;
  readonly expr: string;
}

/** The files with rules. */
export function ruleFiles(): string[] {
  return readdirSync(FOLDER).map((file) => join(FOLDER, file));
}

export function alerts(): Alert[] {
  return rules().filter((rule): rule is Alert => 'alert' in rule);
}

export function recordings(): Recording[] {
  return rules().filter((rule): rule is Recording => 'record' in rule);
}

function rules(): (Alert | Recording)[] {
  return ruleFiles().flatMap((path) => {
    const { groups } = load(readFileSync(path, 'utf8')) as { groups: { rules: (Alert | Recording)[] }[] };
    return groups.flatMap((group) => group.rules);
  });
}
