/** Every object that the chart makes is one that Kubernetes, KEDA and Prometheus' operator take. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { CHART, helm, MATRIX, type Manifest, render } from './chart.ts';
import { npmFolder, pythonTool } from './tools.ts';

const VERSIONS = ['1.28', '1.29', '1.30', '1.31', '1.32', '1.33', '1.34', '1.35', '1.36', '1.37'];

/** Modules with the types of objects that are not Kubernetes' own, by API version. */
const FOREIGN: Readonly<Record<string, string>> = {
  'keda.sh/v1alpha1': '@kubernetes-models/keda/keda.sh/v1alpha1',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
};
const TSC_OPTIONS = '--noEmit --strict --skipLibCheck --target es2023 --module nodenext'.split(' ');

const misspelt = { ...render(null)[0], spek: {} } as unknown as Manifest;

it.each(MATRIX)('helm lints the chart with the values %s', (values) => {
  const flags = values === null ? [] : ['-f', values];
  expect(helm(['lint', '--strict', CHART, ...flags])).toContain('1 chart(s) linted, 0 chart(s) failed');
});

it(`Kubernetes ${VERSIONS[0]} to ${VERSIONS.at(-1)} take all objects, whatever the values`, () => {
  const own = MATRIX.flatMap((values) => render(values)).filter(({ apiVersion }) => !(apiVersion in FOREIGN));
  expect(new Set(own.map(({ kind }) => kind)).size).toBeGreaterThan(6);
  expect(schemaErrors(own)).toEqual([]);
});

it('an unknown field, and an object without a schema, are errors', () => {
  const unknown: Manifest = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x' } };
  expect(schemaErrors([misspelt])).toHaveLength(VERSIONS.length);
  expect(schemaErrors([unknown])).toHaveLength(VERSIONS.length);
});

it('the objects of KEDA and of Prometheus’ operator have their published types', () => {
  const foreign = MATRIX.flatMap((values) => render(values)).filter(
    ({ apiVersion }) => apiVersion in FOREIGN,
  );
  const kinds = new Set(foreign.map(({ kind }) => kind));
  expect([...kinds].toSorted()).toEqual([
    'PodMonitor',
    'PrometheusRule',
    'ScaledObject',
    'ServiceMonitor',
    'TriggerAuthentication',
  ]);
  expect(typeErrors(foreign)).toBe('');
});

it('a field that the types do not have is an error', () => {
  const [scaled] = render('helm/omega/ci/keda-values.yaml').filter(({ kind }) => kind === 'ScaledObject');
  if (!scaled) throw new Error('the chart makes no ScaledObject');
  expect(typeErrors([{ ...scaled, spec: { maxReplicas: 3 } } as Manifest])).toContain('maxReplicas');
});

/** What is wrong by the schemas of all versions. */
function schemaErrors(manifests: readonly Manifest[]): string[] {
  const script = ['test/deploy/validate_manifests.py', ...VERSIONS];
  const input = JSON.stringify(manifests);
  return JSON.parse(execFileSync(pythonTool('python'), script, { input, encoding: 'utf8' }));
}

/** What the compiler says of the objects as literals of their types: it knows unknown fields, which validators let pass. */
function typeErrors(manifests: readonly Manifest[]): string {
  mkdirSync('dist', { recursive: true });
  const folder = mkdtempSync(join('dist', 'manifests-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'manifests.ts');
  writeFileSync(path, manifests.map(asLiteral).join(''));
  const compiler = ['node_modules/typescript/bin/tsc', '--ignoreConfig', ...TSC_OPTIONS, path];
  return spawnSync(process.execPath, compiler, { encoding: 'utf8' }).stdout;
}

function asLiteral(manifest: Manifest, index: number): string {
  const { apiVersion, kind } = manifest;
  const module = join(npmFolder(), 'node_modules', FOREIGN[apiVersion] ?? '', `${kind}.js`);
  const type = `import('${module}').I${kind}`;
  return `export const object${index}: ${type} = ${JSON.stringify(manifest, null, 2)};\n`;
}
