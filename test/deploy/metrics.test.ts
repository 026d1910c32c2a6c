/** The rules and dashboards read what a worker really shows, or what others are known to export. */
import { expect, it } from 'vitest';
import { type TestWorker, useClient, usePlace, useWorker } from '../support/worker.ts';
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
  const place = usePlace();
  const [om, worker] = await Promise.all([useClient(place), useWorker(place, ['--time-limit', '60'])]);
  await om.runtime.ping();
  await expect(om.runtime.model('missing').predict('missing')).rejects.toThrow();
  return seriesNames(await scrape(worker));
}

async function scrape(worker: TestWorker): Promise<string> {
  return (await fetch(`${worker.url}/metrics`)).text();
}
