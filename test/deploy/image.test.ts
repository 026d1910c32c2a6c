/** The image and the cluster of one machine, as far as they can be looked at without Docker. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import { describeSettings, loadSettings } from '../../src/config.ts';
import { prometheusTool, pythonTool } from './tools.ts';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
}

const DOCKERFILE = 'deploy/Dockerfile';
const compose = load(readFileSync('deploy/compose.yaml', 'utf8')) as {
  services: Readonly<Record<string, Service>>;
  volumes: Readonly<Record<string, unknown>>;
};
const services = Object.values(compose.services);

it('hadolint finds nothing in the Dockerfile', () => {
  expect(run(pythonTool('hadolint'), [DOCKERFILE])).toBe('');
});

it('every image that is built runs without root, by a number that Kubernetes can check', () => {
  const [, ...stages] = readFileSync(DOCKERFILE, 'utf8').split(/^FROM .* AS /m);
  const built = stages.filter((stage) => /^(worker|notebook)\n/.test(stage));
  expect(built).toHaveLength(2);
  for (const stage of built) expect(stage.match(/^USER .*$/gm)?.at(-1)).toBe('USER 10001:10001');
});

it('all that the image is built from is sent to the builder, and nothing else', () => {
  const ignored = readFileSync('.dockerignore', 'utf8').split('\n');
  expect(ignored).toContain('*');
  const copies = [...readFileSync(DOCKERFILE, 'utf8').matchAll(/^COPY (?!--from)(.*) \S+$/gm)];
  const sources = [...new Set(copies.flatMap(([, list = '']) => list.split(' ')))];
  expect(ignored.filter((line) => line.startsWith('!')).toSorted()).toEqual(
    sources.map((path) => `!${path}`).toSorted(),
  );
  for (const path of sources) expect(existsSync(path)).toBe(true);
});

it('compose names a version of every image, and files that are there', () => {
  for (const { image } of services) expect(image).toMatch(/^[\w./-]+:v?\d[\w.-]*$/);
  const mounted = services.flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0] ?? ''));
  const missing = mounted.filter(
    (source) => !(source in compose.volumes || existsSync(join('deploy', source))),
  );
  expect(missing).toEqual([]);
  expect(compose.services.worker?.image).toBe(
    `omegaml-node:${JSON.parse(readFileSync('package.json', 'utf8')).version}`,
  );
});

it('compose opens its ports on this machine only', () => {
  const ports = services.flatMap(({ ports: open = [] }) => open);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

it('the workers of compose take every setting that they are given', () => {
  const given = Object.entries(compose.services.worker?.environment ?? {}).filter(
    ([name]) => name !== 'REMAP_SIGTERM',
  );
  const known = describeSettings().flatMap(({ origin }) => origin.env);
  expect(given.map(([name]) => name).filter((name) => !known.includes(name))).toEqual([]);
  expect(() =>
    loadSettings(Object.fromEntries(given.map(([name, value]) => [name, String(value)]))),
  ).not.toThrow();
});

it('promtool takes the configuration of Prometheus', () => {
  const text = run(prometheusTool('promtool'), [
    'check',
    'config',
    '--lint-fatal',
    'deploy/prometheus/prometheus.yml',
  ]);
  expect(text).toContain('SUCCESS');
});

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
}
