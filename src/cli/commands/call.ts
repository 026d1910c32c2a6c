/** `omega call`: sends any task by name. */
import { type Command, InvalidArgumentError } from 'commander';
import { isFields } from '../../protocol/fields.ts';
import { parseJson } from '../../protocol/json.ts';
import type { SendOptions } from '../../runtime/send.ts';
import { withOmega } from '../connection.ts';
import { parsePositive } from '../numbers.ts';
import { SEND_TO_QUEUE } from '../queue-options.ts';
import { printResult, printSent, type ResultOptions } from '../task-result.ts';

interface CallOptions extends ResultOptions {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly queue?: string;
  readonly countdown?: number;
  readonly eta?: Date;
  readonly expires?: number;
  readonly priority?: number;
  readonly wait?: true;
}

export function addCallCommand(program: Command): void {
  const call = program
    .command('call')
    .summary('send a task by name')
    .description('Sends any task by its name, also one that only Python workers know, and prints its id.')
    .argument('<name>', 'name of the task')
    .option('-a, --args <json>', 'positional arguments as a JSON list', parseArgs, [])
    .option('-k, --kwargs <json>', 'keyword arguments as a JSON object', parseKwargs, {})
    .option(...SEND_TO_QUEUE)
    .option('--countdown <seconds>', 'start it in so many seconds', parsePositive)
    .option('--eta <time>', 'start it then: 2026-01-31T12:00:00Z', parseTime)
    .option('--expires <seconds>', 'do not start it after so many seconds', parsePositive)
    .option('--priority <n>', 'higher first, for queues with priorities', Number)
    .option('-w, --wait', 'wait for the result and print it')
    .option('-t, --timeout <seconds>', 'how long to wait (default: until it is there)', parsePositive);
  call.action(async (name: string) => {
    const options = call.optsWithGlobals<CallOptions>();
    await withOmega(call, async ({ runtime }) => {
      const handle = runtime.send(name, options.args, options.kwargs, sendOptions(options));
      if (options.wait) await printResult(handle, options);
      else await printSent(handle, options);
    });
  });
}

function sendOptions({ queue, countdown, eta, expires, priority }: CallOptions): SendOptions {
  return {
    ...(queue !== undefined && { queue }),
    ...(countdown !== undefined && { countdown }),
    ...(eta !== undefined && { eta }),
    ...(expires !== undefined && { expires }),
    ...(priority !== undefined && { priority }),
  };
}

function parseArgs(text: string): unknown[] {
  const value = readJson(text);
  if (Array.isArray(value)) return value;
  throw new InvalidArgumentError("give a JSON list: '[1, 2]'");
}

function parseKwargs(text: string): Record<string, unknown> {
  const value = readJson(text);
  if (isFields(value)) return value;
  throw new InvalidArgumentError('give a JSON object: \'{"x": 1}\'');
}

function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function parseTime(text: string): Date {
  const date = new Date(text);
  if (!Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('give a time in ISO 8601: 2026-01-31T12:00:00Z');
}
