/** The celery-exporter of PyPI, and reading what exporters show. */
import { freePort, LOOPBACK } from '../../src/services/tcp.ts';
import { type CeleryProcess, startPython } from './celery-process.ts';
import { exporterPythonPath } from './python.ts';
import type { Place } from './worker.ts';

/** Made when this file is loaded, which no time limit of a test holds for. */
const PYTHON = exporterPythonPath();

export async function useExporter({ broker }: Place): Promise<{ url: string; exporter: CeleryProcess }> {
  const port = await freePort();
  const options = ['--broker-url', broker, '--host', LOOPBACK, '--port', String(port)];
  const start = ['-c', 'from src.cli import cli; cli()', ...options];
  return { url: `http://${LOOPBACK}:${port}`, exporter: startPython(start, {}, PYTHON) };
}

/** The sum of all series of a metric that have these labels, none of those of others. */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** What is shown; nothing while nobody answers. */
export async function readMetrics(url: string, path = '/metrics'): Promise<string> {
  return await fetch(`${url}${path}`).then(
    (response) => response.text(),
    () => '',
  );
}
