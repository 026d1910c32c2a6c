/** What a pool has, and others have not, so that its idle workers are ended first. */
import { expect, it } from 'vitest';
import { loadSettings } from '../../src/config.ts';
import { at, egressPorts, type Manifest, ofKind, render } from './chart.ts';

const plain = render(null);
const manifests = render('helm/omega/ci/keda-values.yaml');
const [batch, other] = ['batch', 'default'].map((pool) =>
  ofKind(manifests, 'Deployment').find(({ metadata }) => metadata.name === `test-omega-${pool}`),
);

it('may patch the status of pods, and nothing else', () => {
  expect(ofKind(manifests, 'Role').map((role) => at(role, 'rules'))).toEqual([
    [{ apiGroups: [''], resources: ['pods/status'], verbs: ['patch'] }],
  ]);
  const [binding] = ofKind(manifests, 'RoleBinding');
  expect(at(binding, 'roleRef.name')).toBe(ofKind(manifests, 'Role')[0]?.metadata.name);
  expect(at(binding, 'subjects.0.name')).toBe(ofKind(manifests, 'ServiceAccount')[0]?.metadata.name);
  expect([...ofKind(plain, 'Role'), ...ofKind(plain, 'RoleBinding')]).toEqual([]);
});

it('has the token in the container of the worker, where that looks for it', () => {
  const { serviceAccount: mountPath } = loadSettings({});
  const mount = { name: 'service-account', mountPath, readOnly: true };
  const mountsOf = (pool: Manifest | undefined) => at(pool, 'spec.template.spec.containers.0.volumeMounts');
  expect(mountsOf(batch)).toContainEqual(mount);
  expect(mountsOf(other)).not.toContainEqual(mount);
  expect(namesOf(at(batch, 'spec.template.spec.volumes'))).toContain('service-account');
  expect(namesOf(at(other, 'spec.template.spec.volumes'))).not.toContain('service-account');
});

it('tells the worker to say its cost, and the name of its pod', () => {
  const env = at(batch, 'spec.template.spec.containers.0.env');
  expect(env).toContainEqual({ name: 'OMEGA_POD_DELETION_COST', value: 'true' });
  expect(env).toContainEqual({
    name: 'OMEGA_POD_NAME',
    valueFrom: { fieldRef: { fieldPath: 'metadata.name' } },
  });
  expect(namesOf(at(other, 'spec.template.spec.containers.0.env'))).not.toContain('OMEGA_POD_DELETION_COST');
});

it('may reach the API server', () => {
  expect(egressPorts(manifests)).toEqual(expect.arrayContaining([443, 6443]));
  expect(egressPorts(plain)).not.toContain(6443);
});

function namesOf(list: unknown): string[] {
  return (list as { name: string }[]).map(({ name }) => name);
}
