/** The chart as helm renders it. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { helmPath } from './tools.ts';

export const CHART = 'helm/omega';

/** An object for Kubernetes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The files of values that the chart is tested with: its defaults first. */
export const MATRIX: readonly (string | null)[] = [
  null,
  ...readdirSync(join(CHART, 'ci')).map((file) => join(CHART, 'ci', file)),
];

/**
 * All objects of a release.
 *
 * @param set - single values, as `--set-json` takes them: `a.b=[1]`.
 * @param flags - of `helm template`.
 * @throws Error with what helm says.
 */
export function render(
  values: string | null,
  set: readonly string[] = [],
  flags: readonly string[] = [],
): Manifest[] {
  const given = [
    ...(values === null ? [] : ['-f', values]),
    ...set.flatMap((value) => ['--set-json', value]),
  ];
  const text = helm(['template', 'test', CHART, '--namespace', 'ml', ...given, ...flags]);
  return loadAll(text).filter(
    (manifest): manifest is Manifest => manifest !== null && manifest !== undefined,
  );
}

/** What helm prints. @throws Error with what it says */
export function helm(args: readonly string[]): string {
  return execFileSync(helmPath(), args, { encoding: 'utf8', stdio: 'pipe' });
}

/** Those of a kind. */
export function ofKind(manifests: readonly Manifest[], kind: string): Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

/** That of the release `test` with this name, or with the release's own. */
export function named(manifests: readonly Manifest[], kind: string, end?: string): Manifest | undefined {
  const name = end === undefined ? 'test-omega' : `test-omega-${end}`;
  return ofKind(manifests, kind).find(({ metadata }) => metadata.name === name);
}

/** What is at a path such as `spec.containers.0.image`; undefined where there is nothing. */
export function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], value);
}

/** Ports that the workers may reach in other pods, and outside. */
export function egressPorts(manifests: readonly Manifest[]): unknown[] {
  const rules = at(ofKind(manifests, 'NetworkPolicy')[0], 'spec.egress') as { ports: { port: unknown }[] }[];
  return rules.flatMap(({ ports }) => ports).map(({ port }) => port);
}
