import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly link?: boolean;
}

interface Least {
  readonly package: string;
  readonly version: string;
  readonly reason: string;
}

const read = <Value>(file: string): Value => JSON.parse(readFileSync(file, 'utf8')) as Value;
const { packages } = read<{ packages: Readonly<Record<string, Locked>> }>('package-lock.json');
/** By name; one of several versions comes several times. The project itself has no name here. */
const locked = Object.entries(packages).flatMap(([path, entry]) =>
  path === '' ? [] : [{ name: path.split('node_modules/').at(-1) ?? path, ...entry }],
);

function isAtLeast(version: string, least: string): boolean {
  const [own, wanted] = [version, least].map((text) => text.split('-')[0]?.split('.').map(Number) ?? []);
  for (const [index, part] of (wanted ?? []).entries()) {
    const difference = (own?.[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

it('every package is as new as it must be', () => {
  const all = read<Least[]>('.ci/least-versions.json');
  expect(all.length).toBeGreaterThan(0);
  for (const { package: name, version, reason } of all) {
    const present = locked.filter((entry) => entry.name === name);
    expect(present, name).not.toEqual([]);
    for (const entry of present) {
      expect([name, entry.version, isAtLeast(entry.version ?? '', version)], reason).toEqual([
        ...[name, entry.version, true],
      ]);
    }
  }
});

it.each([
  ['2.3.1', '2.3.1', true],
  ['2.10.0', '2.9.9', true],
  ['2.3.0', '2.3.1', false],
  ['1.30.0', '2.0', false],
])('%s is as new as %s: %s', (version, least, expected) => {
  expect(isAtLeast(version, least)).toBe(expected);
});

it('no other package runs a script when it is installed', () => {
  const scripts = locked.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
  // Both fetch the program that they are for, and both are optional.
  expect(scripts.sort()).toEqual(['deno', 'onnxruntime-node']);
});

it('every package is the one that was locked: by its exact version and its hash', () => {
  const { dependencies, devDependencies } = read<Record<string, Record<string, string>>>('package.json');
  const ranges = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  );
  expect(ranges).toEqual([]);
  expect(locked.filter(({ integrity, link }) => !integrity && !link).map(({ name }) => name)).toEqual([]);
});
