/** Workers of two versions on one queue, replaced one after the other as a Deployment does: one more first, then one less. */

import type { WorkerOptions, Workers } from '../chaos/cluster/workers.ts';
import {
  type ChaosWorker,
  type StartedWorker,
  startWorker,
  type UnexpectedEnd,
} from '../chaos/cluster/workers.ts';
import { type Finding, wrong } from '../chaos/oracle/verdict.ts';
import { untilAllReady } from '../chaos/recovery.ts';

export type Version = 'previous' | 'current';

export interface Fleet extends Workers {
  /** Nodenames of those that are there. */
  readonly nodes: readonly string[];
  /** The version of every worker that there ever was, by its nodename. */
  readonly versions: ReadonlyMap<string, Version>;
  /** Starts one; resolves when it is ready. */
  add(version: Version): Promise<void>;
  /** Tells the oldest to stop, and waits until it has: it finishes what it runs. Answers with what was wrong. */
  retireOldest(): Promise<readonly Finding[]>;
}

const START_PATIENCE_MS = 180_000;

/** @param dists - folders of the builds. */
export function createFleet(options: WorkerOptions, dists: Readonly<Record<Version, string>>): Fleet {
  const unexpectedEnds: UnexpectedEnd[] = [];
  const versions = new Map<string, Version>();
  const present: StartedWorker[] = [];
  const all = (): readonly ChaosWorker[] => present.map(({ worker }) => worker);
  return {
    get all() {
      return all();
    },
    get nodes() {
      return all().map(nodenameOf);
    },
    ...{ unexpectedEnds, versions },
    async add(version) {
      const started = await startWorker(
        `w${versions.size + 1}`,
        { ...options, dist: dists[version] },
        unexpectedEnds,
      );
      versions.set(nodenameOf(started.worker), version);
      present.push(started);
      const readyAt = await untilAllReady([started.worker], START_PATIENCE_MS);
      if (readyAt === null) throw new Error(`${started.worker.name}, ${version}, has not become ready`);
    },
    async retireOldest() {
      const oldest = present.shift();
      if (!oldest) return [];
      const status = await oldest.stop();
      const { name } = oldest.worker;
      return status === 0 ? [] : [wrong('I6', `${name} ended with status ${status} after SIGTERM`)];
    },
    async stop() {
      const statuses = await Promise.all(present.map(({ stop }) => stop()));
      return all().flatMap(({ name }, index) => (statuses[index] === 0 ? [] : [name]));
    },
    kill() {
      for (const { kill } of present) kill();
    },
  };
}

function nodenameOf({ name }: ChaosWorker): string {
  return `${name}@chaos`;
}
