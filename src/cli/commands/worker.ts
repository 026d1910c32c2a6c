/** `omega worker`: runs a worker node. */
import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { type Command, Option } from 'commander';
import { describeSettings, type SettingValues } from '../../config.ts';
import { createLogger, type Logger } from '../../logger.ts';
import { startWorker, type Worker } from '../../worker/worker.ts';
import { holdServices } from '../connection.ts';
import { EXIT_CODES } from '../failure.ts';
import { onStopSignals } from '../stop-signals.ts';

/** So long after a cold shutdown, or the end of a start, the process ends, whatever is left to close. */
const END_LIMIT_MS = 5_000;

const SETTINGS_HELP = `
Settings, by environment variable (a flag wins):
${describeSettings()
  .map(({ origin, description }) => `  ${origin.env.join(', ')}\n      ${description}`)
  .join('\n')}

Signals:
  SIGTERM  take no more tasks, finish those that run, end (warm shutdown)
  SIGINT   the same; the second one as SIGQUIT
  SIGQUIT  finish what ends within OMEGA_SOFT_SHUTDOWN_TIMEOUT, end the rest, which goes back to its queue (soft, then
           cold shutdown); the second one waits no longer, the third one leaves everything as it is
  REMAP_SIGTERM=SIGQUIT in the environment lets SIGTERM mean SIGQUIT, as for Celery`;

export function addWorkerCommand(program: Command): void {
  const worker = program
    .command('worker')
    .summary('run a worker node')
    .description('Runs a worker node: takes tasks from the queues until it is told to stop.')
    .argument('[modules...]', 'compiled JavaScript modules that export tasks made by task()');
  for (const { name, description, origin } of describeSettings()) {
    // The log level is an option of every command.
    if (origin.flag && name !== 'logLevel') worker.option(origin.flag, description);
  }
  worker.addHelpText('after', SETTINGS_HELP);
  worker.action(async (modules: readonly string[]) => {
    await runWorker(worker, modules);
  });
}

async function runWorker(command: Command, modules: readonly string[]): Promise<void> {
  keepHeapSmall();
  const { settings, release } = await holdServices(command, readFlags(command));
  const boot = new AbortController();
  let worker: Worker | undefined;
  // From the first moment: a node that starts must go as readily as one that works.
  const restore = onStopSignals(process.env.REMAP_SIGTERM, (step) => {
    if (step === 'hard') process.exit(EXIT_CODES.ended);
    if (worker === undefined) {
      boot.abort();
      endSoon(EXIT_CODES.ok);
    } else take(step, worker);
  });
  try {
    const logger = createLogger({ level: settings.logLevel, pretty: process.stdout.isTTY });
    const paths = modules.map((module) => resolve(module));
    const options = { modules: paths, environment: process.env, logger, signal: boot.signal };
    worker = await startWorker(settings, options);
    endOnError(worker, logger);
    await worker.shutdown.done;
  } catch (error) {
    if (!boot.signal.aborted) throw error;
  } finally {
    restore();
    await release();
  }
}

/**
 * The supervisor makes much garbage and keeps little of it. V8 would let its heap grow manifold before it collects, for
 * tens of thousands of tasks: by a fifth is enough, and the memory of a worker stays what it is after its first ones.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=20');
}

/** The flags by the names of the settings: commander names them by themselves. */
function readFlags(command: Command): SettingValues {
  const flags = command.opts<Readonly<Record<string, unknown>>>();
  const given = describeSettings().flatMap(({ name, origin }) => {
    const value = origin.flag && flags[new Option(origin.flag).attributeName()];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(given);
}

/** An error that nobody caught leaves the worker in a state that nobody knows: what it holds goes back to the queues. */
function endOnError(worker: Worker, logger: Logger): void {
  process.on('uncaughtException', (err) => {
    logger.fatal({ err }, 'an error that nobody caught: the worker ends');
    process.exitCode = EXIT_CODES.internal;
    take('cold', worker);
  });
}

function take(step: 'warm' | 'soft' | 'cold', { shutdown }: Worker): void {
  shutdown[step]().catch((error: Error) => process.stderr.write(`omega: ${error.message}\n`));
  if (step === 'cold') endSoon(EXIT_CODES.ended);
}

/** A broker or a MongoDB that does not answer must not keep a worker that was told to go. */
function endSoon(status: number): void {
  setTimeout(() => process.exit(process.exitCode ?? status), END_LIMIT_MS).unref();
}
