/** `omega status`: the worker nodes that answer now. */
import type { Command } from 'commander';
import type { Omega } from '../../omega.ts';
import type { RequestInfo, WorkerStats } from '../../protocol/control-replies.ts';
import { withOmega } from '../connection.ts';
import type { GlobalOptions } from '../global-options.ts';
import { parsePositive } from '../numbers.ts';
import { formatTable, print } from '../output.ts';

interface StatusOptions extends GlobalOptions {
  readonly timeout: number;
}

/** One node, as its replies to remote control describe it. */
interface NodeStatus {
  readonly node: string;
  readonly queues: readonly string[];
  readonly slots: number | null;
  readonly running: number;
  readonly received: number;
  readonly uptime: number | null;
}

const HEADER = ['NODE', 'QUEUES', 'SLOTS', 'RUNNING', 'RECEIVED', 'UP'];

export function addStatusCommand(program: Command): void {
  const status = program
    .command('status')
    .summary('show the worker nodes')
    .description('Shows the worker nodes that answer now, Python ones too.')
    .option('-t, --timeout <seconds>', 'how long to wait for answers', parsePositive, 1);
  status.action(async () => {
    const options = status.optsWithGlobals<StatusOptions>();
    const nodes = await withOmega(status, (om) => inspectNodes(om, options.timeout * 1000));
    const text =
      nodes.length > 0
        ? formatTable(HEADER, nodes.map(formatNode))
        : 'no worker answers: omega worker starts one';
    print(options, nodes, text);
  });
}

async function inspectNodes({ runtime }: Omega, timeout: number): Promise<NodeStatus[]> {
  const commands = ['stats', 'active', 'active_queues'] as const;
  const replies = commands.map((command) => runtime.control.broadcast(command, {}, { timeout }));
  const [stats = {}, active = {}, queues = {}] = await Promise.all(replies);
  return Object.keys(stats)
    .sort()
    .map((node) => describeNode(node, stats[node], active[node], queues[node]));
}

/** A node of another implementation may answer less: what is missing is shown as such. */
function describeNode(node: string, stats: unknown, active: unknown, queues: unknown): NodeStatus {
  const { pool, total, uptime } = (stats ?? {}) as Partial<WorkerStats>;
  const received = Object.values(total ?? {}).reduce((sum, count) => sum + count, 0);
  return {
    node,
    queues: Array.isArray(queues) ? queues.map((queue: { readonly name: string }) => queue.name) : [],
    slots: pool?.['max-concurrency'] ?? null,
    running: Array.isArray(active) ? (active as RequestInfo[]).length : 0,
    received,
    uptime: uptime ?? null,
  };
}

function formatNode({ node, queues, slots, running, received, uptime }: NodeStatus): unknown[] {
  return [
    node,
    queues.join(', '),
    slots,
    running,
    received,
    uptime === null ? '' : `${Math.round(uptime)} s`,
  ];
}
