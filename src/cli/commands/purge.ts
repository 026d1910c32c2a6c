/** `omega purge`: throws away the tasks that wait. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { Omega } from '../../omega.ts';
import { withOmega } from '../connection.ts';
import { EXIT_CODES } from '../failure.ts';
import type { GlobalOptions } from '../global-options.ts';
import { print } from '../output.ts';
import { QUEUES } from '../queue-options.ts';

interface PurgeOptions extends GlobalOptions {
  readonly queues?: string;
  readonly yes?: true;
}

export function addPurgeCommand(program: Command): void {
  const purge = program
    .command('purge')
    .summary('remove the tasks that wait')
    .description('Removes all tasks that wait in queues. They cannot be brought back.')
    .option(...QUEUES)
    .option('-y, --yes', 'do not ask');
  purge.action(async () => {
    const options = purge.optsWithGlobals<PurgeOptions>();
    if (!options.yes && !process.stdin.isTTY) purge.error('error: purge removes tasks for good: say --yes');
    if (!options.yes && !(await confirmed(options))) return;
    await withOmega(purge, (om) => purgeQueues(om, options));
  });
}

async function purgeQueues({ runtime }: Omega, options: PurgeOptions): Promise<void> {
  const names = options.queues?.split(',').map((name) => name.trim()) ?? [undefined];
  const counts = await Promise.all(names.map((name) => runtime.purge(name)));
  const purged = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  const missing = names.filter((_, i) => counts[i] === null);
  const lines = [
    `${purged} tasks removed`,
    ...missing.map((name) => `no queue ${name ?? 'of the settings'}`),
  ];
  print(options, { purged, missing }, lines.join('\n'));
  if (options.queues !== undefined && missing.length > 0) process.exitCode = EXIT_CODES.notFound;
}

async function confirmed({ queues = 'the default queue' }: PurgeOptions): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y/i.test(await terminal.question(`Remove all tasks that wait in ${queues}? [y/N] `));
  } finally {
    terminal.close();
  }
}
