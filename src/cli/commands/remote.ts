/** `omega inspect` and `omega control`: remote control of the workers, Python ones too. */
import type { Command } from 'commander';
import { ResultTimeout } from '../../errors.ts';
import type { BroadcastOptions, ControlReplies } from '../../runtime/control-client.ts';
import { withOmega } from '../connection.ts';
import { EXIT_CODES } from '../failure.ts';
import type { GlobalOptions } from '../global-options.ts';
import { parsePositive } from '../numbers.ts';
import { formatReplies, print } from '../output.ts';
import { controlCommands, inspectCommands, type RemoteCommand } from '../remote-commands.ts';

interface RemoteOptions extends GlobalOptions {
  readonly timeout: number;
  readonly destination?: readonly string[];
  readonly pattern?: string;
}

const STATUS_HELP = `
Exit status: 1 when a worker answers with an error, 4 when none answers.`;

export function addRemoteCommands(program: Command): void {
  const inspect = program
    .command('inspect')
    .summary('look into the workers')
    .description('Asks the workers, Python ones too, what they do and how they are set up.');
  const control = program
    .command('control')
    .summary('tell the workers to do something')
    .description('Tells the workers, Python ones too, to do something while they run.');
  for (const command of inspectCommands) addRemote(inspect, command);
  for (const command of controlCommands) addRemote(control, command);
  for (const group of [inspect, control]) group.addHelpText('after', STATUS_HELP);
}

function addRemote(parent: Command, { name, usage, help, argumentsOf }: RemoteCommand): void {
  const command = parent
    .command(name)
    .description(help)
    .option('-d, --destination <nodes>', 'nodenames, comma separated (default: all)', parseNodes)
    .option('-p, --pattern <glob>', 'nodenames by wildcards: omega@*')
    .option('-t, --timeout <seconds>', 'how long to wait for answers', parsePositive, 1);
  if (usage !== '') command.arguments(usage);
  command.action(async () => {
    const options = command.optsWithGlobals<RemoteOptions>();
    const args = argumentsOf(command.processedArgs);
    const replies = await withOmega(command, ({ runtime: { control } }) =>
      name === 'shutdown'
        ? control.cast(name, args, addressOf(options)).then(() => null)
        : control.broadcast(name, args, addressOf(options)),
    );
    if (replies !== null) show(replies, options);
  });
}

function show(replies: ControlReplies, options: RemoteOptions): void {
  if (Object.keys(replies).length === 0) {
    throw new ResultTimeout(
      `no worker replied within ${options.timeout} s: start one, or wait longer (--timeout)`,
    );
  }
  print(options, replies, formatReplies(replies));
  if (Object.values(replies).some(isError)) process.exitCode = EXIT_CODES.taskFailed;
}

function addressOf({ timeout, destination, pattern }: RemoteOptions): BroadcastOptions {
  return {
    timeout: timeout * 1000,
    ...(destination && { destination }),
    ...(pattern !== undefined && { pattern }),
  };
}

function isError(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'error' in value;
}

function parseNodes(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}
