/** `omega result`: how a task that was sent earlier stands. */
import type { Command } from 'commander';
import { isReady } from '../../protocol/states.ts';
import { withOmega } from '../connection.ts';
import { parsePositive } from '../numbers.ts';
import { print } from '../output.ts';
import { printResult, type ResultOptions } from '../task-result.ts';

interface StateOptions extends ResultOptions {
  readonly wait?: true;
}

export function addResultCommand(program: Command): void {
  const result = program
    .command('result')
    .summary('show the result of a task')
    .description(
      'Prints the result of a task that has ended, the state of one that has not. A failed task ends with status 1.',
    )
    .argument('<id>', 'id of the task')
    .option('-w, --wait', 'wait until the task has ended')
    .option('-t, --timeout <seconds>', 'how long to wait (default: until it has ended)', parsePositive);
  result.action(async (id: string) => {
    const options = result.optsWithGlobals<StateOptions>();
    await withOmega(result, async ({ runtime }) => {
      const handle = runtime.result(id);
      const state = options.wait ? null : await handle.state();
      if (state === null || isReady(state)) await printResult(handle, options);
      else print(options, { id, state }, state);
    });
  });
}
