/** A client of the version that this file is laid over: it sends a stream of tasks, and asks the workers. */
import { connect, type Omega } from '../../src/index.ts';
import type { Journal } from '../chaos/oracle/journal.ts';
import { createRandom } from '../chaos/random.ts';
import { type Stream, startStream } from '../chaos/workload/stream.ts';
import type { Kind } from '../chaos/workload/unit.ts';
import { prepareKinds } from './kinds.ts';

export interface ClientOptions {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly journal: Journal;
  readonly seed: number;
  /** Sendings each second. */
  readonly rate: number;
}

export interface UpgradeClient {
  readonly om: Omega;
  prepare(): Promise<void>;
  start(): void;
  /** Resolves when all that was begun is sent or refused. */
  stop(): Promise<void>;
  /** Asks all workers in several ways. Answers with what was wrong: no reply of one that runs, or a refusal. */
  askAll(nodes: readonly string[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

const PATIENCE_MS = 60_000;
const COMMANDS = ['ping', 'active', 'reserved', 'active_queues', 'registered', 'stats', 'revoked', 'conf'];

export async function openClient({ settings, journal, seed, rate }: ClientOptions): Promise<UpgradeClient> {
  const om = await connect(settings);
  let kinds: readonly Kind[] = [];
  let stream: Stream | null = null;
  return {
    om,
    async prepare() {
      kinds = await prepareKinds(om);
    },
    start() {
      stream = startStream({ om, journal, random: createRandom(seed, 'workload'), kinds, rate });
    },
    stop: async () => await stream?.stop(),
    askAll: (nodes) => askAll(om, nodes),
    close: () => om.close(),
  };
}

async function askAll({ runtime }: Omega, nodes: readonly string[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const command of COMMANDS) {
    const options = { timeout: PATIENCE_MS, destination: nodes };
    const replies = await runtime.control.broadcast(command, {}, options);
    for (const node of nodes) {
      const reply = replies[node];
      if (reply === undefined) problems.push(`${node} did not answer to ${command}`);
      else if (isRefusal(reply)) problems.push(`${node} answered to ${command}: ${JSON.stringify(reply)}`);
    }
  }
  return problems;
}

function isRefusal(reply: unknown): boolean {
  return typeof reply === 'object' && reply !== null && 'error' in reply;
}
