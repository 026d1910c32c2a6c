/** A pool's ReplicaSet and kubelet: real workers as pods, of which the controller of Kubernetes would end the same ones. */
import { DELETION_COST, type KubernetesApi } from '../support/kubernetes-api.ts';
import { metric, type Place, type TestWorker, useWorker } from '../support/worker.ts';

/** What is known of a pod when it is decided which ones are ended. */
export interface Candidate {
  readonly name: string;
  /** The youngest has the highest. */
  readonly number: number;
  readonly isReady: boolean;
  /** What the worker has said at its pod. */
  readonly cost: number;
  /** Tasks that it runs, by its metrics: the controller does not see that. */
  readonly active: number;
}

/** One time that the pool shrank. */
export interface Decision {
  readonly candidates: readonly Candidate[];
  /** How many were ended: the first ones of the order. */
  readonly ended: number;
}

export interface ReplicaSet {
  readonly size: number;
  readonly decisions: readonly Decision[];
  scale(size: number): Promise<void>;
  /** In seconds, until a worker consumed. */
  slowestStart(): Promise<number>;
  /** Exit statuses of all that were ended. */
  statuses(): Promise<(number | null)[]>;
}

/** The name of the pod that was made as the n-th, from 1. */
export function podName(number: number): string {
  return `pod-${number}`;
}

/**
 * Those that the controller prefers to end come first (pkg/controller/controller_utils.go, `ActivePodsWithRanks`). All are
 * on one machine, and none was started again.
 */
function endingOrder(pods: readonly Candidate[]): Candidate[] {
  return pods.toSorted(
    (a, b) => Number(a.isReady) - Number(b.isReady) || a.cost - b.cost || b.number - a.number,
  );
}

/** Workers that were ended while they ran a task, and another one ran none and was kept. */
export function wronglyEnded({ candidates, ended }: Decision): Candidate[] {
  const order = endingOrder(candidates);
  const isIdleKept = order.slice(ended).some(({ active }) => active === 0);
  return isIdleKept ? order.slice(0, ended).filter(({ active }) => active > 0) : [];
}

interface Pod {
  readonly name: string;
  readonly number: number;
  readonly worker: Promise<TestWorker>;
  /** Once it consumes. */
  started: TestWorker | undefined;
}

/** Of no pods. */
export function createReplicaSet(place: Place, api: KubernetesApi): ReplicaSet {
  let pods: Pod[] = [];
  let made = 0;
  const decisions: Decision[] = [];
  const statuses: Promise<number | null>[] = [];
  const starts: Promise<number>[] = [];

  function start(): Pod {
    made += 1;
    const [startedAt, name] = [Date.now(), podName(made)];
    const worker = useWorker({ ...place, environment: api.environment(name) });
    const pod: Pod = { name, number: made, worker, started: undefined };
    starts.push(
      worker.then((one) => {
        pod.started = one;
        return (Date.now() - startedAt) / 1000;
      }),
    );
    return pod;
  }

  async function examine({ name, number, started }: Pod): Promise<Candidate> {
    const cost = Number(api.annotations(name)[DELETION_COST] ?? 0);
    if (started === undefined) return { name, number, cost, isReady: false, active: 0 };
    const isReady = (await fetch(`${started.url}/readyz`)).ok;
    return { name, number, cost, isReady, active: await metric(started, 'omega_worker_active_tasks') };
  }

  async function shrink(ended: number): Promise<void> {
    const candidates = await Promise.all(pods.map(examine));
    decisions.push({ candidates, ended });
    const names = endingOrder(candidates)
      .slice(0, ended)
      .map(({ name }) => name);
    for (const { name, worker } of pods)
      if (names.includes(name)) statuses.push(worker.then((one) => one.stop()));
    pods = pods.filter(({ name }) => !names.includes(name));
  }

  return {
    get size() {
      return pods.length;
    },
    decisions,
    async scale(size) {
      while (pods.length < size) pods.push(start());
      if (pods.length > size) await shrink(pods.length - size);
    },
    slowestStart: async () => Math.max(...(await Promise.all(starts))),
    statuses: () => Promise.all(statuses),
  };
}
