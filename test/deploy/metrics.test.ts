/** The rules and dashboards read what a worker really shows, or what others are known to export. */
import { expect, it } from 'vitest';
import { useClient, usePlace, useWorker } from '../support/worker.ts';
import { dashboards, expressionsOf } from './dashboards.ts';
import { CLUSTER_METRICS, PROMETHEUS_METRICS, RABBITMQ_METRICS, seriesNames } from './exposed.ts';
import { metricsIn } from './promql.ts';
import { alerts, recordings } from './rules.ts';

it('every metric of the rules and dashboards is there', async () => {
  const known = new Set([
    ...(await shownByWorker()),
    ...[...CLUSTER_METRICS, ...PROMETHEUS_METRICS, ...RABBITMQ_METRICS],
    ...recordings().map(({ record }) => record),
  ]);
  const shown = dashboards().flatMap((dashboard) => expressionsOf(dashboard, '5m'));
  const read = [...[...alerts(), ...recordings()].map(({ expr }) => expr), ...shown].flatMap(metricsIn);
  expect(read.filter((name) => !known.has(name))).toEqual([]);
});

/** What a worker shows that has run one task that succeeded, and one that failed. */
async function shownByWorker(): Promise<string[]> {
  const place = { ...usePlace(), environment: { OMEGA_METRICS_CELERY: 'true' } };
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, ['--time-limit', '60'])]);
  await om.runtime.ping();
  await expect(om.runtime.model('missing').predict('missing')).rejects.toThrow();
  const paths = ['/metrics', '/metrics/celery'];
  const texts = await Promise.all(paths.map(async (path) => (await fetch(worker.url + path)).text()));
  return texts.flatMap(seriesNames);
}
