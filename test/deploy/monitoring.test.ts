/** What others have of the workers: Flower, celery-exporter, a ServiceMonitor, and queues that are declared before. */
import { expect, it } from 'vitest';
import { at, named, ofKind, render } from './chart.ts';

const plain = render(null);
const manifests = render('helm/omega/ci/monitoring-values.yaml');
const container = (name: string) =>
  at(named(manifests, 'Deployment', name), 'spec.template.spec.containers.0');

it('none of them is there by default', () => {
  const kinds = new Set(plain.map(({ kind }) => kind));
  expect([...kinds].filter((kind) => ['Job', 'Service', 'ServiceMonitor'].includes(kind))).toEqual([]);
  expect(ofKind(plain, 'Deployment').map(({ metadata }) => metadata.name)).toEqual(['test-omega-default']);
});

it.each([
  ['flower', 'CELERY_BROKER_URL', 'mher/flower:2.0.1'],
  ['exporter', 'CE_BROKER_URL', `danihodovic/celery-exporter@sha256:${'b'.repeat(64)}`],
])('%s reads the broker’s URL from the secret, by reference', (name, variable, image) => {
  const valueFrom = { secretKeyRef: { name: 'omega', key: 'broker-url' } };
  expect(at(container(name), 'env')).toContainEqual({ name: variable, valueFrom });
  expect(at(container(name), 'image')).toBe(image);
});

it.each([
  ['flower', [{ podSelector: { matchLabels: { app: 'ingress' } } }]],
  ['exporter', [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }]],
])('%s is reached by those that are named, and reaches the broker and no other server', (name, from) => {
  const policy = named(manifests, 'NetworkPolicy', name);
  expect(at(policy, 'spec.podSelector.matchLabels')).toEqual(
    at(named(manifests, 'Deployment', name), 'spec.selector.matchLabels'),
  );
  expect(at(policy, 'spec.ingress')).toEqual([{ from, ports: [{ port: name, protocol: 'TCP' }] }]);
  const egress = at(policy, 'spec.egress') as { ports: { port: number }[] }[];
  expect(egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([53, 53, 5671, 5672]);
  const [expression] = at(named(manifests, 'NetworkPolicy'), 'spec.podSelector.matchExpressions') as object[];
  expect(expression).toMatchObject({ operator: 'NotIn', values: expect.arrayContaining([name]) });
});

it('the ServiceMonitor finds the Service, and that the workers', () => {
  const monitor = ofKind(manifests, 'ServiceMonitor')[0];
  const service = ofKind(manifests, 'Service')[0];
  expect(service?.metadata).toMatchObject({ labels: at(monitor, 'spec.selector.matchLabels') });
  const worker = at(named(manifests, 'Deployment', 'batch'), 'spec.template');
  expect(at(worker, 'metadata.labels')).toMatchObject(at(service, 'spec.selector') as object);
  expect(at(worker, 'spec.containers.0.ports')).toContainEqual({ name: 'http', containerPort: 9540 });
  expect(at(service, 'spec.ports.0.targetPort')).toBe('http');
});

it('a PodMonitor finds the exporter, under the name by which its dashboards look for it', () => {
  const monitor = named(manifests, 'PodMonitor', 'exporter');
  const labels = at(named(manifests, 'Deployment', 'exporter'), 'spec.template.metadata.labels');
  expect(labels).toMatchObject(at(monitor, 'spec.selector.matchLabels') as object);
  expect(at(monitor, 'spec.podMetricsEndpoints.0.port')).toBe(at(container('exporter'), 'ports.0.name'));
  expect(at(monitor, 'spec.podMetricsEndpoints.0.relabelings')).toContainEqual(
    expect.objectContaining({ targetLabel: 'job', replacement: 'celery-exporter' }),
  );
});

it('both kinds of monitors together are refused', () => {
  const both = ['metrics.podMonitor={"enabled":true}', 'metrics.serviceMonitor={"enabled":true}'];
  expect(() => render(null, both)).toThrow('every worker would count twice');
});

it('the queues of each pool are declared as its workers would, after the installation and before an upgrade', () => {
  const job = ofKind(manifests, 'Job')[0];
  expect(job?.metadata).toMatchObject({ annotations: { 'helm.sh/hook': 'post-install,pre-upgrade' } });
  const containers = at(job, 'spec.template.spec.containers') as {
    name: string;
    args: string[];
    env: object[];
  }[];
  expect(containers.map(({ name, args }) => [name, args])).toEqual([
    ['batch', ['declare-topology']],
    ['default', ['declare-topology']],
  ]);
  for (const { name, env } of containers) expect(env).toEqual(at(container(name), 'env'));
});
