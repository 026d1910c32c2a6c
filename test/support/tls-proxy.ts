/** A proxy in front of a service that speaks TLS, with a certificate of its own making. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { onTestFinished } from 'vitest';

export interface TlsProxy {
  readonly port: number;
  /** File of the certificate, for `NODE_EXTRA_CA_CERTS`. */
  readonly certificate: string;
}

export async function useTlsProxy(serviceUrl: string): Promise<TlsProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'omega-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { key, certificate } = makeCertificate(folder);
  const { hostname, port } = new URL(serviceUrl);
  const options = { key: readFileSync(key), cert: readFileSync(certificate) };
  const server = createServer(options, (client) => {
    const service = createConnection({ host: hostname, port: Number(port) });
    for (const [from, to] of [
      [client, service],
      [service, client],
    ] as const) {
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, certificate };
}

function makeCertificate(folder: string): { readonly key: string; readonly certificate: string } {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return { key, certificate };
}
