/** `omega demo`: everything at once, on real data. */
import { once } from 'node:events';
import type { Command } from 'commander';
import type { StepResult } from '../demo/run-steps.ts';
import { EXIT_CODES } from '../failure.ts';
import type { GlobalOptions } from '../global-options.ts';
import { serviceOptions } from '../local-services.ts';
import { print } from '../output.ts';

interface DemoFlags extends GlobalOptions {
  readonly exit?: true;
  readonly keep?: true;
}

const HELP = `
Finds or starts MongoDB and RabbitMQ, starts a worker node, stores real data, fits, scores and predicts models
and runs a notebook, all through the queue. Then stays up until Ctrl-C. What it started is stopped at the end.
Its database is omega_demo, its queue omega-demo.`;

export function addDemoCommand(program: Command): void {
  const demo = program
    .command('demo')
    .summary('try it all, on real data')
    .description('Runs the main job end to end, on real data.')
    .option('--exit', 'end when the tasks are done; status 1 if one failed')
    .option('--keep', 'leave the private services running afterwards')
    .addHelpText('after', HELP);
  demo.action(async () => await demonstrate(demo.optsWithGlobals<DemoFlags>()));
}

async function demonstrate(flags: DemoFlags): Promise<void> {
  // Standard output carries the one JSON value then.
  const progress = (line: string) => (flags.json ? process.stderr : process.stdout).write(`${line}\n`);
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort(new Error('interrupted'));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);

  const onDone = async (results: readonly StepResult[], report: string) => {
    print(flags, results, report);
    if (results.some(({ state }) => state !== 'SUCCESS')) process.exitCode = EXIT_CODES.taskFailed;
    if (flags.exit || interrupt.signal.aborted) return;
    progress('\nThe worker node stays up. Ctrl-C ends it.');
    // A signal handler alone keeps no process alive.
    const alive = setInterval(() => {}, 60_000);
    await once(interrupt.signal, 'abort');
    clearInterval(alive);
  };
  const { signal } = interrupt;
  const { runDemo } = await import('../demo/demo.ts');
  try {
    await runDemo({
      services: serviceOptions(progress),
      keep: flags.keep ?? false,
      progress,
      onDone,
      signal,
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    progress('interrupted');
    process.exitCode = EXIT_CODES.interrupted;
  }
}
