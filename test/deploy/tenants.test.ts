/** The chart with tenants: the same pools for each, on a virtual host of its own, with a secret that no other one sees. */
import { describe, expect, it } from 'vitest';
import { at, named, ofKind, render } from './chart.ts';

interface Container {
  readonly name: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

const POOLS = ['batch-acme', 'default-acme', 'default-globex'];
const manifests = render('helm/omega/ci/tenants-values.yaml');
const tenantLabel = {
  action: 'replace',
  sourceLabels: ['__meta_kubernetes_pod_label_omega_dev_tenant'],
  targetLabel: 'tenant',
};

it('nothing of a tenant is there without tenants', () => {
  const monitored = ['metrics.podMonitor.enabled=true', 'metrics.celery.enabled=true'];
  expect(JSON.stringify(render(null, monitored))).not.toContain('tenant');
});

it('every pool is there once for each tenant that has it, with a budget and a scaler of its own', () => {
  for (const kind of ['Deployment', 'PodDisruptionBudget']) expect(namesOf(kind)).toEqual(POOLS);
  expect(namesOf('ScaledObject')).toEqual(['default-acme', 'default-globex']);
  expect(namesOf('HorizontalPodAutoscaler')).toEqual(['batch-acme']);
  expect(at(named(manifests, 'Deployment', 'default-globex'), 'spec.template.metadata.labels')).toMatchObject(
    {
      'omega.dev/pool': 'default',
      'omega.dev/tenant': 'globex',
    },
  );
});

it.each(POOLS)('the worker %s sees the secret of its tenant, and no other one', (name) => {
  const tenant = name.split('-')[1];
  const pod = at(named(manifests, 'Deployment', name), 'spec.template.spec');
  const volumes = at(pod, 'volumes') as { name: string; secret?: { secretName: string } }[];
  expect(volumes.flatMap(({ secret }) => secret?.secretName ?? [])).toEqual([`omega-${tenant}`]);
  expect(at(pod, 'containers.0.volumeMounts')).toContainEqual(
    expect.objectContaining({ name: `secrets-${tenant}`, mountPath: '/etc/omega/secrets' }),
  );
});

it('a tenant’s secret has keys of its own, for all three servers', () => {
  const [worker] = at(
    named(manifests, 'Deployment', 'default-globex'),
    'spec.template.spec.containers',
  ) as Container[];
  expect(worker?.env).toEqual(
    expect.arrayContaining([
      { name: 'OMEGA_BROKER_FILE', value: '/etc/omega/secrets/amqp' },
      { name: 'OMEGA_MONGO_URL_FILE', value: '/etc/omega/secrets/mongo' },
      { name: 'OMEGA_RESULT_BACKEND_FILE', value: '/etc/omega/secrets/redis' },
    ]),
  );
});

it.each([
  ['helm test', at(ofKind(manifests, 'Pod')[0], 'spec.containers')],
  ['the declaration of queues', at(ofKind(manifests, 'Job')[0], 'spec.template.spec.containers')],
])('in the pod of %s each container sees the secret of its own tenant', (_, given) => {
  const containers = given as Container[];
  expect(containers.map(({ name }) => name)).toEqual(POOLS);
  for (const { name, volumeMounts } of containers) {
    const secrets = volumeMounts.filter((mount) => mount.name.startsWith('secrets'));
    expect(secrets.map((mount) => mount.name)).toEqual([`secrets-${name.split('-')[1]}`]);
  }
});

it.each([
  ['acme', 'acme'],
  ['globex', 'globex-prod'],
])('KEDA counts the messages and the run times of the tenant %s', (tenant, vhost) => {
  const triggers = at(named(manifests, 'ScaledObject', `default-${tenant}`), 'spec.triggers') as {
    type: string;
    metadata: { vhostName?: string; query?: string };
  }[];
  const hosts = triggers.filter(({ type }) => type === 'rabbitmq').map(({ metadata }) => metadata.vhostName);
  expect(hosts).toEqual([vhost, vhost]);
  const query = triggers.find(({ type }) => type === 'prometheus')?.metadata.query;
  expect(query).toContain(`pool="default",tenant="${tenant}"`);
});

it.each([
  ['PodMonitor', 'podMetricsEndpoints'],
  ['ServiceMonitor', 'endpoints'],
])('the tenant is a label of each target of a %s', (kind, field) => {
  const set = ['metrics.podMonitor.enabled=false', 'metrics.serviceMonitor.enabled=true'];
  const all = kind === 'PodMonitor' ? manifests : render('helm/omega/ci/tenants-values.yaml', set);
  const endpoints = at(ofKind(all, kind)[0], `spec.${field}`) as { path: string; relabelings: object[] }[];
  expect(endpoints.map(({ path }) => path)).toEqual(['/metrics', '/metrics/celery']);
  for (const { relabelings } of endpoints) expect(relabelings).toContainEqual(tenantLabel);
});

it('the workers of a tenant are reached by Prometheus, and by those of no tenant', () => {
  const [policy] = ofKind(manifests, 'NetworkPolicy');
  const labels = at(named(manifests, 'Deployment', 'default-acme'), 'spec.template.metadata.labels');
  expect(labels).toMatchObject(at(policy, 'spec.podSelector.matchLabels') as object);
  const from = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }];
  expect(at(policy, 'spec.ingress')).toEqual([{ from, ports: [{ port: 'http', protocol: 'TCP' }] }]);
});

describe('refuses', () => {
  const tenant = (name: string, secret = `omega-${name}`) =>
    `"${name}":{"vhost":"${name}","secrets":{"existingSecret":"${secret}"}}`;

  it.each([
    [
      'two tenants with one broker',
      [`tenants={${tenant('a', 'x')},${tenant('b', 'x')}}`],
      'tenants a and b have the same broker, broker-url of x',
    ],
    [
      'a tenant of a pool that is not there',
      ['tenants={"a":{"vhost":"a","secrets":{"existingSecret":"a"},"pools":["gpu"]}}'],
      'there is no pool gpu',
    ],
    [
      'two workers with one name',
      [`tenants={${tenant('c')},${tenant('b-c')}}`, 'pools={"a":{},"a-b":{}}'],
      'two pairs of a pool and a tenant are called a-b-c',
    ],
    ['a tenant without a secret', ['tenants={"a":{"vhost":"a","secrets":{}}}'], 'existingSecret'],
    ['a tenant without a virtual host', ['tenants={"a":{"secrets":{"existingSecret":"a"}}}'], 'vhost'],
    [
      'Flower with tenants, since it looks at one virtual host',
      [`tenants={${tenant('a')}}`, 'flower.enabled=true'],
      'in releases of their own',
    ],
  ])('%s', (_, set, message) => {
    expect(() => render(null, set)).toThrow(message);
  });
});

/** What is called after a pool and a tenant, without the name of the release. */
function namesOf(kind: string): string[] {
  return ofKind(manifests, kind).map(({ metadata }) => metadata.name.replace('test-omega-', ''));
}
