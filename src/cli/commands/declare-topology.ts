/** `omega declare-topology`: the queues of a worker, before there is one. */
import type { Command } from 'commander';
import { type DeclaredQueue, declareTopology } from '../../broker/declare-topology.ts';
import { brokerSettings } from '../../config.ts';
import { brokerTls } from '../../tls.ts';
import { lastingQueues } from '../../worker/queues.ts';
import { commandSettings } from '../connection.ts';
import type { GlobalOptions } from '../global-options.ts';
import { formatTable, print } from '../output.ts';

interface DeclareOptions extends GlobalOptions {
  readonly queues?: string;
}

export function addDeclareTopologyCommand(program: Command): void {
  const declare = program
    .command('declare-topology')
    .summary('declare the queues before the first worker')
    .description(
      'Declares what a worker with these settings would: its queues with their exchanges, the queues of what cannot run and of long tasks, and the delay queues. What exists stays as it is, so that it can be run again.',
    )
    .option('-Q, --queues <names>', 'queues, comma separated (default: those of OMEGA_WORKER_LABEL)');
  declare.action(async () => {
    const options = declare.optsWithGlobals<DeclareOptions>();
    const settings = commandSettings(declare, options.queues === undefined ? {} : { queues: options.queues });
    const broker = { ...brokerSettings(settings), tls: brokerTls(settings), name: 'omega declare-topology' };
    const declared = await declareTopology(broker, lastingQueues(settings));
    print(options, declared, formatDeclared(declared));
  });
}

function formatDeclared(declared: readonly DeclaredQueue[]): string {
  const rows = declared.map(({ queue, exchange, dead, parked }) => [queue, exchange, dead, parked]);
  return formatTable(['QUEUE', 'EXCHANGE', 'CANNOT RUN', 'RUNS LONG'], rows);
}
