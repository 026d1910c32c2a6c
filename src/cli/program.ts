/** The command line as a whole: its commands, global options and help. */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../package-version.ts';
import { addCallCommand } from './commands/call.ts';
import { addDeadCommand } from './commands/dead.ts';
import { addDeclareTopologyCommand } from './commands/declare-topology.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEventsCommand } from './commands/events.ts';
import { addPingCommand } from './commands/ping.ts';
import { addPurgeCommand } from './commands/purge.ts';
import { addRemoteCommands } from './commands/remote.ts';
import { addResultCommand } from './commands/result.ts';
import { addRuntimeCommand } from './commands/runtime.ts';
import { addServicesCommand } from './commands/services.ts';
import { addStatusCommand } from './commands/status.ts';
import { addStoreCommands } from './commands/stores.ts';
import { addWorkerCommand } from './commands/worker.ts';
import { describeError, EXIT_CODES, exitCodeOf } from './failure.ts';
import type { GlobalOptions } from './global-options.ts';

const EXAMPLES = `
Examples:
  omega demo                                     everything at once: services, a worker, data, models, a notebook
  omega services start                           MongoDB and RabbitMQ for this folder
  omega worker -c 4                              a worker node with four slots
  omega datasets put sales.csv sales             store a dataset
  omega models put RandomForestClassifier churn  store an estimator
  omega call shop.add --kwargs '{"x": 1}' --wait   send any task, and print its result
  omega inspect active                           what the workers run
  omega runtime model churn fit 'sales[^left]' 'sales[left]'

Environment:
  OMEGA_MONGO_URL  MongoDB with the data, models, notebooks and results
  OMEGA_BROKER     RabbitMQ, as amqp://user:password@host:port/vhost
  All settings: omega worker --help

Exit status:
  0 done   1 a task failed   2 wrong usage or input   3 no connection   4 timed out   5 not found   70 a defect of ours`;

/** Runs one command line to its end. @returns the exit status. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has printed its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_CODES.usage;
    process.stderr.write(describeError(error, program.opts<GlobalOptions>()));
    return exitCodeOf(error);
  }
}

function createProgram(): Command {
  const program = new Command('omega')
    .description('Distributed machine-learning workers for Node: fit, predict, score and run notebooks.')
    .version(packageVersion(), '-V, --version')
    .option('--json', 'print JSON instead of text')
    .option('-l, --loglevel <level>', 'debug, info, warning, error or fatal')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showSuggestionAfterError()
    .showHelpAfterError('(omega --help shows the commands and options)')
    .exitOverride()
    .addHelpText('after', EXAMPLES);

  addDemoCommand(program);
  addWorkerCommand(program);
  addServicesCommand(program);
  addDoctorCommand(program);
  addDeclareTopologyCommand(program);
  addStatusCommand(program);
  addPingCommand(program);
  addRemoteCommands(program);
  addEventsCommand(program);
  addCallCommand(program);
  addResultCommand(program);
  addPurgeCommand(program);
  addDeadCommand(program);
  addStoreCommands(program);
  addRuntimeCommand(program);
  return program;
}
