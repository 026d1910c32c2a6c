/** The part of Kubernetes' API server that a worker talks to, and the service account by which it may. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { createAuthority } from './certificates.ts';

/** What a worker says at its pod. */
export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const NAMESPACE = 'ml';
const POD_STATUS = new RegExp(`^/api/v1/namespaces/${NAMESPACE}/pods/([^/?]+)/status(\\?|$)`);

export interface KubernetesApi {
  /** What a worker of this pod has in its environment. */
  environment(pod: string): Readonly<Record<string, string>>;
  /** Annotations of a pod, as they were patched. */
  annotations(pod: string): Readonly<Record<string, string | undefined>>;
  /** Requests so far. */
  readonly requests: readonly ApiRequest[];
  /** Replaces the token: the one before it is no longer good. */
  rotateToken(): void;
  /** From now on every request is answered with this status; null for what is right. */
  refuseWith(status: number | null): void;
}

interface ApiRequest {
  readonly method: string | undefined;
  readonly url: string;
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
  readonly status: number;
  /** In milliseconds since the epoch. */
  readonly at: number;
}

/** It is closed after the test. */
export async function useKubernetesApi(): Promise<KubernetesApi> {
  const folder = mkdtempSync(join(tmpdir(), 'omega-kubernetes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const authority = createAuthority(folder, 'ca');
  const { cert, key } = authority.sign('server', 'IP:127.0.0.1');
  const pods = new Map<string, Record<string, string>>();
  const requests: ApiRequest[] = [];
  let token = '';
  let refusal: number | null = null;

  function rotateToken(): void {
    token = randomUUID();
    writeFileSync(join(folder, 'token'), `${token}\n`);
  }

  function statusFor({ method, url = '', headers }: IncomingMessage): number {
    if (refusal !== null) return refusal;
    if (headers.authorization !== `Bearer ${token}`) return 401;
    if (method !== 'PATCH' || !POD_STATUS.test(url)) return 404;
    return headers['content-type'] === 'application/merge-patch+json' ? 200 : 415;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '', headers } = request;
    const [body, status] = [await text(request), statusFor(request)];
    const { authorization, 'content-type': contentType } = headers;
    requests.push({ method, url, contentType, authorization, body, status, at: Date.now() });
    response.writeHead(status, { 'content-type': 'application/json' });
    if (status !== 200) {
      response.end(JSON.stringify({ kind: 'Status', message: `${url} is not allowed` }));
      return;
    }
    const pod = POD_STATUS.exec(url)?.[1] ?? '';
    const annotations = { ...pods.get(pod), ...JSON.parse(body).metadata.annotations };
    pods.set(pod, annotations);
    response.end(JSON.stringify({ kind: 'Pod', metadata: { name: pod, annotations } }));
  }

  rotateToken();
  writeFileSync(join(folder, 'ca.crt'), readFileSync(authority.ca));
  writeFileSync(join(folder, 'namespace'), NAMESPACE);
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const port = String((server.address() as AddressInfo).port);
  return {
    environment: (pod) => ({
      OMEGA_POD_DELETION_COST: 'true',
      OMEGA_POD_NAME: pod,
      OMEGA_SERVICE_ACCOUNT: folder,
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: port,
    }),
    annotations: (pod) => pods.get(pod) ?? {},
    requests,
    rotateToken,
    refuseWith(status) {
      refusal = status;
    },
  };
}
