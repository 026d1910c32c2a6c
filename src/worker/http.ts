/** The worker's HTTP side: /metrics for Prometheus, /livez and /readyz for the kubelet. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ImproperlyConfigured } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';

export interface HealthServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface HealthOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly metrics: Metrics;
  /** Why the worker cannot be what it should be any more, and must be started again; null while it can. */
  notAlive(): string | null;
  /** Why nobody who asks over the broker gets an answer, null where the worker has answered itself. */
  unheard(): Promise<string | null>;
  /** Why the worker is not ready, null when it is: ready means that it consumes now. */
  notReady(): string | null;
}

/** @throws ImproperlyConfigured when the address is taken. */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const { host, port } = options;
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response, options).catch((error: Error) => response.destroy(error));
  });
  server.listen(port, host);
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new ImproperlyConfigured(
      `cannot serve /metrics on ${host}:${port} (${error.code}): choose another --http-port, 0 for a free one`,
      { cause: error },
    );
  });
  // Probes must not keep a worker alive that has nothing else to do.
  server.unref();
  const address = server.address() as AddressInfo;
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(url: string, response: ServerResponse, options: HealthOptions): Promise<void> {
  const [path, query] = url.split('?');
  if (path === '/livez') return sendProbe(response, await whyDead(query, options));
  if (path === '/readyz') return sendProbe(response, options.notReady());
  const registry = registryAt(path, options.metrics);
  if (!registry) return send(response, 404, 'not here: /metrics, /livez, /readyz\n');
  send(response, 200, await registry.metrics(), registry.contentType);
}

/** With `deep=1` also by a ping over the broker. */
async function whyDead(query: string | undefined, options: HealthOptions): Promise<string | null> {
  const reason = options.notAlive();
  const isDeep = new URLSearchParams(query).get('deep') === '1';
  return isDeep && reason === null ? await options.unheard() : reason;
}

function registryAt(
  path: string | undefined,
  { registry, celery }: Metrics,
): Metrics['registry'] | undefined {
  if (path === '/metrics') return registry;
  return path === '/metrics/celery' ? celery?.registry : undefined;
}

function sendProbe(response: ServerResponse, reason: string | null): void {
  if (reason === null) send(response, 200, 'ok\n');
  else send(response, 503, `${reason}\n`);
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}
