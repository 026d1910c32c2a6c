/** Everything that a run needs, of its own: RabbitMQ, MongoDB, a folder. Nothing of it is left when it is ended. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceOptions } from '../../../src/cli/local-services.ts';
import type { ServiceOptions } from '../../../src/services/options.ts';
import { type ChaosBroker, startBroker } from './broker.ts';
import { endLeftovers, type Leftovers, TOKEN_VARIABLE, writeDown } from './leftovers.ts';
import { type ReplicaSet, startReplicaSet } from './replica-set.ts';

const RECORDS = '.omega/chaos/running';

export interface Cluster {
  readonly folder: string;
  readonly token: string;
  readonly broker: ChaosBroker;
  readonly mongo: ReplicaSet;
  /** For what runs beside the servers: the token that marks it, and nothing of omega's. */
  readonly env: Readonly<Record<string, string | undefined>>;
  end(): Promise<void>;
}

export interface ClusterUse {
  /** Aborted when everything is to end at once. */
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** Does something with a cluster, which is ended afterwards, however that ends. */
export async function inCluster<Result>(
  { signal, progress }: ClusterUse,
  use: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const cluster = await startCluster(progress);
  try {
    signal.throwIfAborted();
    const using = use(cluster);
    using.catch(() => undefined);
    return await Promise.race([using, rejectOnAbort(signal)]);
  } finally {
    await cluster.end();
  }
}

/** Copies the logs to a folder that stays. */
export function keepLogs({ folder }: Cluster, keep: string): void {
  const logs = readdirSync(folder).filter((name) => name.endsWith('.log'));
  for (const name of logs) cpSync(join(folder, name), join(keep, name));
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

async function startCluster(progress: (line: string) => void): Promise<Cluster> {
  await endLeftovers(RECORDS);
  const token = randomBytes(6).toString('hex');
  const folder = mkdtempSync(join(tmpdir(), 'omega-chaos-'));
  const leftovers = writeDown(RECORDS, token, folder);
  const env = { ...withoutOmega(process.env), [TOKEN_VARIABLE]: token };
  const options = { ...serviceOptions(progress), folder, env };
  try {
    const [broker, mongo] = await startServers(options, leftovers);
    return { folder, token, broker, mongo, env, end: leftovers.end };
  } catch (error) {
    await leftovers.end();
    throw error;
  }
}

async function startServers(
  options: ServiceOptions,
  { add }: Leftovers,
): Promise<readonly [ChaosBroker, ReplicaSet]> {
  const starting = [startBroker(options, add), startReplicaSet(options, add)] as const;
  // Both are there, or have failed, before anything is ended.
  await Promise.allSettled(starting);
  return await Promise.all(starting);
}

function withoutOmega(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('OMEGA_')));
}
