/** A real Prometheus for a test, with the project's rules, in which a minute is a second. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort, LOOPBACK } from '../../src/services/tcp.ts';
import { until } from '../support/broker-harness.ts';
import type { MonitoredBroker } from './monitored-broker.ts';
import { ruleFiles } from './rules.ts';
import { prometheusTool } from './tools.ts';

export interface Prometheus {
  /** The series that an expression has now, each with its labels. */
  query(expression: string): Promise<Readonly<Record<string, string>>[]>;
  /** Names of the alerts that fire now. */
  firing(): Promise<string[]>;
}

/** It scrapes the workers at these addresses and the broker. */
export async function usePrometheus(
  workers: readonly string[],
  broker: MonitoredBroker,
): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'omega-prometheus-'));
  const config = join(folder, 'prometheus.yml');
  writeFileSync(config, JSON.stringify(configuration(workers, broker, writeShortRules(folder))));
  const url = `http://${LOOPBACK}:${await freePort()}`;
  const flags = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`];
  const address = `--web.listen-address=${url.replace('http://', '')}`;
  const server = spawn(prometheusTool('prometheus'), [...flags, address], { stdio: 'ignore' });
  onTestFinished(async () => {
    const exited = once(server, 'exit');
    server.kill();
    await exited;
    rmSync(folder, { recursive: true });
  });
  await until(() =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  const query = (expression: string) => ask(url, expression);
  return {
    query,
    async firing() {
      const series = await query('ALERTS{alertstate="firing"}');
      return [...new Set(series.map(({ alertname = '' }) => alertname))].toSorted();
    },
  };
}

async function ask(url: string, expression: string): Promise<Readonly<Record<string, string>>[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  if (!response.ok) throw new Error(`${expression}: ${await response.text()}`);
  const { data } = (await response.json()) as { data: { result: { metric: Record<string, string> }[] } };
  return data.result.map(({ metric }) => metric);
}

/** As deploy/prometheus/prometheus.yml has it, with fixed addresses. YAML contains JSON. */
function configuration(workers: readonly string[], broker: MonitoredBroker, rules: string): object {
  const deployed = { pool: 'default', namespace: 'ml' };
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [
      { job_name: 'omega', static_configs: [{ targets: workers, labels: deployed }] },
      {
        job_name: 'rabbitmq',
        metrics_path: '/metrics/detailed',
        params: { family: ['queue_coarse_metrics', 'queue_consumer_count'] },
        static_configs: [{ targets: [broker.metricsAddress] }],
      },
    ],
  };
}

/** The rules with all minutes made seconds. @returns the pattern of their files */
function writeShortRules(folder: string): string {
  mkdirSync(join(folder, 'rules'));
  for (const path of ruleFiles()) {
    const short = readFileSync(path, 'utf8').replaceAll(/\b(\d+)m\b/g, '$1s');
    writeFileSync(join(folder, 'rules', basename(path)), short);
  }
  return join(folder, 'rules', '*');
}
