/**
 * The pod that the worker runs in, at the API server of Kubernetes, by the conventions for programs in a cluster
 * (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod). One request of one kind is all that is needed:
 * its official client would bring thirty packages and megabytes of generated code, and `fetch` takes no authority.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Settings } from '../config.ts';
import { ImproperlyConfigured, OperationalError } from '../errors.ts';
import type { Environment } from '../secret-files.ts';

const TIMEOUT_MS = 5_000;

const REMEDIES: Readonly<Record<number, string>> = {
  401: 'is the token of the service account mounted (OMEGA_SERVICE_ACCOUNT)?',
  403: 'let its service account patch pods/status by a Role (the chart makes one for autoscaling.idleFirst)',
  404: 'set OMEGA_POD_NAME to metadata.name by the downward API',
};

export interface Pod {
  /** Sets annotations, and leaves the others. @throws OperationalError that says what to do */
  annotate(annotations: Readonly<Record<string, string>>): Promise<void>;
  close(): void;
}

/** @throws ImproperlyConfigured where there is no pod, or no service account in it */
export async function openPod(settings: Settings, environment: Environment): Promise<Pod> {
  const { podName = hostname(), serviceAccount: folder } = settings;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host) {
    throw new ImproperlyConfigured(
      'OMEGA_POD_DELETION_COST is on, but this is no pod of Kubernetes (KUBERNETES_SERVICE_HOST is not set): switch it off',
    );
  }
  const namespace = await readCredential(folder, 'namespace').catch((error: Error) => {
    throw new ImproperlyConfigured(error.message, { cause: error });
  });
  const agent = new Agent({ keepAlive: true });
  // The status of a pod is enough for its annotations, and who may write that cannot change what runs in a pod.
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(podName)}/status`;
  const target = { host, port: port || 443, path: `${path}?fieldManager=omega`, method: 'PATCH', agent };

  return {
    async annotate(annotations) {
      // The kubelet replaces them when they are renewed.
      const token = await readCredential(folder, 'token');
      const ca = await readCredential(folder, 'ca.crt');
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' };
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      await send({ ...target, ca, headers, signal }, JSON.stringify({ metadata: { annotations } }));
    },
    close: () => agent.destroy(),
  };
}

async function send(options: RequestOptions, body: string): Promise<void> {
  const { status, answer } = await ask(options, body).catch((error: Error) => {
    throw new OperationalError(
      `the API server at ${options.host}:${options.port} is not reached (${error.message}): do NetworkPolicies let pods reach it?`,
      { cause: error },
    );
  });
  if (status < 300) return;
  const remedy = REMEDIES[status] ?? 'it is tried again';
  throw new OperationalError(`the API server answered ${status} (${messageIn(answer)}): ${remedy}`);
}

async function ask(options: RequestOptions, body: string): Promise<{ status: number; answer: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(options, resolve).on('error', reject).end(body);
  });
  return { status: response.statusCode ?? 0, answer: await text(response) };
}

/** What a `Status` of Kubernetes says; it has no secrets. */
function messageIn(answer: string): string {
  try {
    return String(JSON.parse(answer).message);
  } catch {
    return answer.slice(0, 200);
  }
}

async function readCredential(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new OperationalError(
      `${path} cannot be read: mount the token of a service account that may patch pods/status`,
      { cause: error },
    );
  }
}
