/** What the chart promises of its workers, and which values it refuses. */
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { describeSettings, loadSettings } from '../../src/config.ts';
import { fileVariable } from '../../src/secret-files.ts';
import { at, MATRIX, type Manifest, ofKind, render } from './chart.ts';

interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly [field: string]: unknown;
}

const KEDA = 'helm/omega/ci/keda-values.yaml';
const POOLS = 'helm/omega/ci/pools-values.yaml';
const TLS = 'helm/omega/ci/tls-values.yaml';

it('the chart is of the version of the package', () => {
  const chart = load(readFileSync('helm/omega/Chart.yaml', 'utf8'));
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(at(chart, 'appVersion')).toBe(version);
});

describe.each(MATRIX)('with the values %s', (values) => {
  const manifests = render(values);
  const pods = [
    ...['Deployment', 'Job']
      .flatMap((kind) => ofKind(manifests, kind))
      .map((one) => at(one, 'spec.template')),
    ...ofKind(manifests, 'Pod'),
  ];

  it('no pod has rights that it does not need', () => {
    for (const pod of pods) {
      expect(at(pod, 'spec.automountServiceAccountToken')).toBe(false);
      expect(at(pod, 'spec.securityContext')).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of workersOf(pod)) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  it('no secret is in an environment, and none has a value in the chart', () => {
    const secrets = describeSettings().flatMap(({ origin }) => (origin.secret ? origin.env : []));
    const given = pods.flatMap((pod) => workersOf(pod).flatMap(({ env }) => env.map(({ name }) => name)));
    expect(given.filter((name) => secrets.includes(name))).toEqual([]);
    expect(given).toContain(fileVariable('OMEGA_BROKER'));
    expect(ofKind(manifests, 'Secret')).toEqual([]);
  });

  it('the worker takes every setting that it is given', () => {
    for (const worker of deployedWorkers(manifests)) {
      const known = describeSettings().flatMap(({ origin }) => origin.env);
      const { REMAP_SIGTERM, ...given } = Object.fromEntries(
        worker.env.map(({ name, value }) => [name, value]),
      );
      expect(REMAP_SIGTERM).toBe('SIGQUIT');
      const settings = Object.entries(given).filter(
        ([name]) => name.startsWith('OMEGA_') && !name.endsWith('_FILE'),
      );
      expect(settings.map(([name]) => name).filter((name) => !known.includes(name))).toEqual([]);
      expect(() => loadSettings(Object.fromEntries(settings))).not.toThrow();
    }
  });

  it('a worker has the time to end what runs before it is killed', () => {
    for (const deployment of pools(manifests)) {
      const grace = Number(at(deployment, 'spec.template.spec.terminationGracePeriodSeconds'));
      const [worker] = workersOf(at(deployment, 'spec.template'));
      expect(grace).toBeGreaterThanOrEqual(Number(setting(worker, 'OMEGA_WORKER_TIME_LIMIT')) + 30);
      expect(Number(setting(worker, 'OMEGA_SOFT_SHUTDOWN_TIMEOUT'))).toBe(grace - 15);
    }
  });

  it('every selector finds the pods of its own pool', () => {
    for (const deployment of ofKind(manifests, 'Deployment')) {
      const labels = at(deployment, 'spec.template.metadata.labels');
      expect(labels).toMatchObject(at(deployment, 'spec.selector.matchLabels') as object);
    }
    const selectors = ofKind(manifests, 'Deployment').map((one) => at(one, 'spec.selector.matchLabels'));
    expect(new Set(selectors.map((selector) => JSON.stringify(selector))).size).toBe(selectors.length);
    for (const budget of ofKind(manifests, 'PodDisruptionBudget')) {
      expect(selectors).toContainEqual(at(budget, 'spec.selector.matchLabels'));
    }
  });
});

it('an autoscaled pool has no fixed number of workers, which an upgrade would set back', () => {
  const replicas = (values: string | null) =>
    ofKind(render(values), 'Deployment').map((one) => at(one, 'spec.replicas'));
  expect(replicas(null)).toEqual([1]);
  expect(replicas(KEDA)).toEqual([undefined, undefined]);
});

it('KEDA counts what waits, what runs, and the copies of long tasks', () => {
  const { messages } = triggersOf('test-omega-default');
  expect(messages).toMatchObject({
    protocol: 'http',
    excludeUnacknowledged: 'false',
    operation: 'sum',
    value: '2',
  });
  const pattern = new RegExp(String(messages?.queueName));
  const names = ['default', 'mail.out', 'default.omega.parked', 'mailXout', 'default.dead', 'other'];
  expect(names.filter((name) => pattern.test(name))).toEqual(['default', 'mail.out', 'default.omega.parked']);
});

it('with a time to drain, what runs keeps its slot, and what waits gets as many as finish it in time', () => {
  const { messages, ready, runtime } = triggersOf('test-omega-batch');
  expect(at(scaledObject('test-omega-batch'), 'spec.advanced.scalingModifiers')).toEqual({
    formula: 'max(messages - ready, messages * runtime / 600)',
    target: '4',
    activationTarget: '0',
    metricType: 'AverageValue',
  });
  // Parked copies are ready in their queue, but belong to what runs.
  expect([messages?.queueName, ready?.queueName]).toEqual(['^(batch)(\\.omega\\.parked)?$', '^(batch)$']);
  expect(ready?.excludeUnacknowledged).toBe('true');
  expect(runtime?.query).toContain('namespace="ml",pool="batch"');
});

it('a pool has its own values over those of all', () => {
  const [fast, gpu, notebooks] = ['default', 'gpu', 'notebooks'].map((pool) =>
    workerOf(POOLS, `test-omega-${pool}`),
  );
  expect(setting(fast, 'OMEGA_WORKER_CONCURRENCY')).toBe('4');
  expect(setting(gpu, 'OMEGA_WORKER_LABEL')).toBe('gpu');
  expect(at(gpu, 'resources.limits')).toMatchObject({ 'nvidia.com/gpu': 1 });
  expect(notebooks?.image).toMatch(/^omegaml-node-notebook@sha256:a{64}$/);
  expect(ofKind(render(POOLS), 'Deployment')).toHaveLength(3);
});

it('an outage of the broker restarts no worker, unless liveness is wanted to be a ping over it', () => {
  const path = (set: readonly string[]) =>
    at(
      ofKind(render(null, set), 'Deployment')[0],
      'spec.template.spec.containers.0.livenessProbe.httpGet.path',
    );
  expect(path([])).toBe('/livez');
  expect(path(['defaults.probes.deep=true'])).toBe('/livez?deep=1');
});

it('the slots share the memory limit of the pool, without what the supervisor needs', () => {
  const worker = workerOf(null, 'test-omega-default');
  expect(setting(worker, 'OMEGA_WORKER_MEMORY_LIMIT')).toBe(String(Math.floor((2 * 1024 * 1024 * 0.8) / 2)));
  const small = render(null, ['defaults.resources.limits.memory="256Mi"', 'defaults.concurrency=1']);
  const [container] = at(ofKind(small, 'Deployment')[0], 'spec.template.spec.containers') as Container[];
  expect(setting(container, 'OMEGA_WORKER_MEMORY_LIMIT')).toBe(String(156 * 1024));
});

it('certificates and secrets are files that are mounted', () => {
  const worker = workerOf(TLS, 'ml-workers-default');
  expect(setting(worker, 'OMEGA_BROKER_CERT')).toBe('/etc/omega/tls/broker/tls.crt');
  expect(setting(worker, 'OMEGA_BROKER_KEY_PASSWORD_FILE')).toBe('/etc/omega/secrets/broker-key-password');
  const mounts = (at(worker, 'volumeMounts') as { mountPath: string }[]).map(({ mountPath }) => mountPath);
  expect(mounts).toEqual([
    '/etc/omega/secrets',
    '/etc/omega/tls/broker',
    '/etc/omega/tls/mongo',
    '/tmp',
    '/models',
  ]);
});

it('alerts can be left out and changed, and lead to one’s own runbook', () => {
  const [rule] = ofKind(render(POOLS), 'PrometheusRule');
  const groups = at(rule, 'spec.groups') as {
    rules: { alert?: string; for?: string; annotations?: object }[];
  }[];
  const alerts = new Map(groups.flatMap(({ rules }) => rules.map((one) => [one.alert, one])));
  expect(alerts.has('OmegaKedaScalerErrors')).toBe(false);
  expect(alerts.get('OmegaQueueGrowing')).toMatchObject({
    for: '30m',
    annotations: { runbook_url: 'https://wiki.example/runbook#omegaqueuegrowing' },
  });
});

it('the alerts of celery-mixin come with the metrics that they read', () => {
  const alerts = (celery: boolean) => {
    const set = ['metrics.prometheusRule.enabled=true', `metrics.celery.enabled=${celery}`];
    const names = JSON.stringify(ofKind(render(null, set), 'PrometheusRule')).match(/"alert":"\w+"/g);
    return (names ?? []).filter((name) => name.includes('Celery')).toSorted();
  };
  expect(alerts(false)).toEqual([]);
  expect(alerts(true)).toEqual([
    '"alert":"CeleryHighQueueLength"',
    '"alert":"CeleryTaskHighFailRate"',
    '"alert":"CeleryWorkerDown"',
  ]);
});

describe('refuses', () => {
  it.each([
    [
      'a grace period below the longest task',
      ['defaults.terminationGracePeriodSeconds=600'],
      'must be at least taskTimeLimit + 30 (1260)',
    ],
    [
      'a handover that comes too late for RabbitMQ',
      ['broker.handoverAfter=1000'],
      'at most half of broker.consumerTimeout',
    ],
    [
      'a soft limit above the hard one',
      ['defaults.softTaskTimeLimit=2000'],
      'softTaskTimeLimit must be below',
    ],
    ['slots without memory', ['defaults.concurrency=64'], 'are too little for a task'],
    ['a memory limit that is none', ['defaults.resources.limits.memory="2 GB"'], 'write it as 2Gi'],
    ['hpa from 0', ['defaults.autoscaling.type="hpa"'], 'only keda can scale to 0'],
    [
      'fewer workers than the fewest',
      ['defaults.autoscaling={"type":"keda","minReplicas":20}'],
      'is above maxReplicas',
    ],
    [
      'a time to drain without Prometheus',
      ['defaults.autoscaling={"type":"keda","keda":{"drainSeconds":60}}'],
      'needs keda.prometheusUrl',
    ],
    [
      'rights for the service account of all pods',
      ['defaults.autoscaling={"idleFirst":true}', 'serviceAccount.create=false'],
      'every pod has the one named default',
    ],
    ['no pool', ['pools.default={"enabled":false}'], 'no pool is enabled'],
    [
      'a queue whose parked queue has no room for its name',
      [`defaults.queues=["${'q'.repeat(250)}"]`],
      'maxLength',
    ],
    ['a value that it does not know', ['defaults.replica=3'], "additional properties 'replica' not allowed"],
    ['a name that is none', ['pools.Fast={}'], 'does not match pattern'],
  ])('%s', (_, set, message) => {
    expect(() => render(null, set)).toThrow(message);
  });

  it('Kubernetes before 1.28', () => {
    expect(() => render(null, [], ['--kube-version', '1.27.0'])).toThrow('requires kubeVersion: >=1.28.0-0');
  });
});

/** The containers of this project in a pod, without those that values add. */
function workersOf(pod: unknown): Container[] {
  const containers = at(pod, 'spec.containers') as Container[];
  return containers.filter(({ args }) => args !== undefined);
}

function deployedWorkers(manifests: readonly Manifest[]): Container[] {
  return pools(manifests).flatMap((one) => workersOf(at(one, 'spec.template')));
}

/** The Deployments of workers, without those of other programs. */
function pools(manifests: readonly Manifest[]): Manifest[] {
  return ofKind(manifests, 'Deployment').filter((one) => {
    const labels = at(one, 'spec.selector.matchLabels') as Readonly<Record<string, string>>;
    return labels['app.kubernetes.io/component'] === 'worker';
  });
}

function workerOf(values: string | null, deployment: string): Container | undefined {
  const found = ofKind(render(values), 'Deployment').find(({ metadata }) => metadata.name === deployment);
  return workersOf(at(found, 'spec.template'))[0];
}

function setting(worker: Container | undefined, name: string): string | undefined {
  return worker?.env.find((one) => one.name === name)?.value;
}

function scaledObject(name: string): Manifest | undefined {
  return ofKind(render(KEDA), 'ScaledObject').find(({ metadata }) => metadata.name === name);
}

/** What the triggers of a pool say, by name. */
function triggersOf(name: string): Record<string, Record<string, string> | undefined> {
  const triggers = at(scaledObject(name), 'spec.triggers') as {
    name: string;
    metadata: Record<string, string>;
  }[];
  return Object.fromEntries(triggers.map((trigger) => [trigger.name, trigger.metadata]));
}

it('the metrics of celery-exporter are served, and scraped, where they are asked for', () => {
  const paths = (manifests: readonly Manifest[]) =>
    (at(ofKind(manifests, 'PodMonitor')[0], 'spec.podMetricsEndpoints') as { path: string }[]).map(
      ({ path }) => path,
    );
  const isOn = (manifests: readonly Manifest[]) =>
    JSON.stringify(ofKind(manifests, 'Deployment')).includes(
      '{"name":"OMEGA_METRICS_CELERY","value":"true"}',
    );
  const [on, off] = ['true', 'false'].map((value) =>
    render(null, ['metrics.podMonitor.enabled=true', `metrics.celery.enabled=${value}`]),
  );
  expect([paths(on ?? []), isOn(on ?? [])]).toEqual([['/metrics', '/metrics/celery'], true]);
  expect([paths(off ?? []), isOn(off ?? [])]).toEqual([['/metrics'], false]);
});
