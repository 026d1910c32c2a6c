/** What a worker says at its pod, to a server that speaks as Kubernetes does. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadSettings } from '../../src/config.ts';
import { ImproperlyConfigured, OperationalError } from '../../src/errors.ts';
import { sayDeletionCost } from '../../src/worker/deletion-cost.ts';
import { openPod, type Pod } from '../../src/worker/pod.ts';
import { DELETION_COST, type KubernetesApi, useKubernetesApi } from '../support/kubernetes-api.ts';
import { note } from '../support/tasks.ts';
import { useClient, usePlace, useTrace, useWorker } from '../support/worker.ts';

async function usePod(api: KubernetesApi, more: Readonly<Record<string, string>> = {}): Promise<Pod> {
  const environment = { ...api.environment('worker-1'), ...more };
  const pod = await openPod(loadSettings(environment), environment);
  onTestFinished(() => pod.close());
  return pod;
}

/** Says the cost of tasks whose number the test sets. */
async function useCost(api: KubernetesApi) {
  const pod = await usePod(api);
  const logged: { fields: Readonly<Record<string, unknown>>; message: string }[] = [];
  const log = (fields: Readonly<Record<string, unknown>>, message: string) =>
    void logged.push({ fields, message });
  const worker = { tasks: 0 };
  const end = sayDeletionCost({
    tasks: () => worker.tasks,
    annotate: pod.annotate,
    logger: { info: log, warn: log, error: log },
  });
  onTestFinished(end);
  return { worker, logged, end };
}

function costs({ requests }: KubernetesApi): string[] {
  return requests.map(({ body }) => JSON.parse(body).metadata.annotations[DELETION_COST]);
}

describe('a pod', () => {
  it('is patched as Kubernetes wants it, with the token of the service account', async () => {
    const api = await useKubernetesApi();
    await (await usePod(api)).annotate({ a: '1' });
    expect(api.requests).toMatchObject([
      {
        method: 'PATCH',
        url: '/api/v1/namespaces/ml/pods/worker-1/status?fieldManager=omega',
        contentType: 'application/merge-patch+json',
        body: '{"metadata":{"annotations":{"a":"1"}}}',
        status: 200,
      },
    ]);
  });

  it('is patched with the new token once that was renewed', async () => {
    const api = await useKubernetesApi();
    const pod = await usePod(api);
    await pod.annotate({ a: '1' });
    api.rotateToken();
    await pod.annotate({ a: '2' });
    expect(api.requests.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(api.requests.map(({ authorization }) => authorization)).size).toBe(2);
  });

  it.each([
    [401, 'OMEGA_SERVICE_ACCOUNT'],
    [403, 'let its service account patch pods/status by a Role'],
    [404, 'set OMEGA_POD_NAME'],
    [500, 'it is tried again'],
  ])(
    'that is not patched since the server answers %i leads to an error that says what to do',
    async (status, hint) => {
      const api = await useKubernetesApi();
      const pod = await usePod(api);
      api.refuseWith(status);
      const error = await pod.annotate({ a: '1' }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(OperationalError);
      expect(String(error)).toContain(hint);
      expect(String(error)).toContain('is not allowed');
    },
  );

  it('is not told to a server of another authority', async () => {
    const [api, other] = [await useKubernetesApi(), await useKubernetesApi()];
    const { KUBERNETES_SERVICE_PORT = '' } = other.environment('worker-1');
    const pod = await usePod(api, { KUBERNETES_SERVICE_PORT });
    await expect(pod.annotate({ a: '1' })).rejects.toThrow('is not reached');
    expect(other.requests).toEqual([]);
  });

  it('is not looked for where there is none', async () => {
    const api = await useKubernetesApi();
    await expect(usePod(api, { KUBERNETES_SERVICE_HOST: '' })).rejects.toThrow(ImproperlyConfigured);
    await expect(usePod(api, { OMEGA_SERVICE_ACCOUNT: '/nowhere' })).rejects.toThrow(ImproperlyConfigured);
  });
});

describe('the deletion cost', () => {
  it('is a hundred for each task, and is said when it changes only', async () => {
    const api = await useKubernetesApi();
    const { worker } = await useCost(api);
    await expect.poll(() => costs(api)).toEqual(['0']);
    worker.tasks = 2;
    await expect.poll(() => costs(api)).toEqual(['0', '200']);
    await delay(1_500);
    worker.tasks = 0;
    await expect.poll(() => costs(api), { timeout: 5_000 }).toEqual(['0', '200', '0']);
    await delay(1_500);
    expect(costs(api)).toHaveLength(3);
  });

  it('is said at once when an idle worker gets a task, and else at most once a second', async () => {
    const api = await useKubernetesApi();
    const { worker } = await useCost(api);
    await expect.poll(() => costs(api)).toEqual(['0']);
    worker.tasks = 1;
    await expect.poll(() => costs(api)).toEqual(['0', '100']);
    const end = Date.now() + 3_500;
    while (Date.now() < end) {
      worker.tasks = 1 + (worker.tasks % 7);
      await delay(50);
    }
    const times = api.requests.map(({ at }) => at);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    // From idle to busy it did not wait for the second to be over.
    expect(gaps[0]).toBeLessThan(1_000);
    expect(gaps.length).toBeGreaterThan(2);
    // A request is on its way a little longer than another one.
    for (const gap of gaps.slice(1)) expect(gap).toBeGreaterThan(900);
  });

  it('that cannot be said is logged once, is tried again, and is logged when it is said', async () => {
    const api = await useKubernetesApi();
    api.refuseWith(403);
    const { worker, logged } = await useCost(api);
    worker.tasks = 1;
    await expect.poll(() => api.requests.length, { timeout: 20_000 }).toBeGreaterThan(2);
    expect(logged).toHaveLength(1);
    expect(String(logged[0]?.fields.err)).toContain('patch pods/status');
    api.refuseWith(null);
    await expect.poll(() => api.annotations('worker-1')[DELETION_COST], { timeout: 30_000 }).toBe('100');
    await expect.poll(() => logged.length).toBe(2);
    expect(logged[1]?.message).toContain('again');
    const [token] = api.requests.flatMap(({ authorization }) => authorization?.split(' ').slice(1) ?? []);
    expect(JSON.stringify(logged)).not.toContain(token);
  });
});

it('a worker says what it runs, from its start to its end', { timeout: 60_000 }, async () => {
  const api = await useKubernetesApi();
  const place = usePlace();
  const om = await useClient(place);
  const worker = await useWorker({ ...place, environment: api.environment('worker-1') });
  await expect.poll(() => api.annotations('worker-1')[DELETION_COST]).toBe('0');
  const { path } = useTrace();
  const handles = ['a', 'b'].map((text) => om.runtime.task(note)({ path, text, seconds: 3 }));
  await expect.poll(() => api.annotations('worker-1')[DELETION_COST], { timeout: 5_000 }).toBe('200');
  await Promise.all(handles);
  await expect.poll(() => api.annotations('worker-1')[DELETION_COST], { timeout: 5_000 }).toBe('0');
  expect(await worker.stop()).toBe(0);
});

it('a worker ends with a hint that shall say it, and is in no pod', async () => {
  const place = usePlace();
  const environment = { OMEGA_POD_DELETION_COST: 'true', KUBERNETES_SERVICE_HOST: '' };
  await expect(useWorker({ ...place, environment })).rejects.toThrow('status 2');
});
