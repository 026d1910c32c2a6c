/** `omega runtime`: lets the workers do something with a model or a notebook. */
import { Argument, type Command } from 'commander';
import type { Omega } from '../../omega.ts';
import type { TaskHandle } from '../../runtime/task-handle.ts';
import { withOmega } from '../connection.ts';
import type { GlobalOptions } from '../global-options.ts';
import { parsePositive } from '../numbers.ts';
import { SEND_TO_QUEUE } from '../queue-options.ts';
import { printResult, printSent } from '../task-result.ts';

const ACTIONS = ['fit', 'predict', 'predict_proba', 'score'] as const;
type Action = (typeof ACTIONS)[number];

interface RuntimeOptions extends GlobalOptions {
  readonly queue?: string;
  readonly timeout?: number;
  readonly async?: true;
  readonly result?: string;
}

export function addRuntimeCommand(program: Command): void {
  const runtime = program
    .command('runtime')
    .summary('run models and notebooks on the workers')
    .description('Lets the workers fit, predict, score or run a notebook.');

  const model = addTaskOptions(runtime.command('model'))
    .description('fit a model, predict with it, or score it')
    .argument('<name>', 'name of the model')
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .argument('<X>', "dataset with the features: 'sales', 'sales[x,y]' or 'sales[^y]'")
    .argument('[y]', 'dataset with the target, for fit and score')
    .option('-r, --result <name>', 'store a prediction as a dataset of this name');
  model.action(async (name: string, action: Action, X: string, y: string | undefined) => {
    if (action === 'score' && y === undefined) model.error("error: score needs a target: 'sales[y]'");
    const options = model.optsWithGlobals<RuntimeOptions>();
    await withOmega(model, (om) => follow(submit(om, { name, action, X, y }, options), options));
  });

  const job = addTaskOptions(runtime.command('job'))
    .description('run a notebook')
    .argument('<name>', 'name of the notebook')
    .addArgument(new Argument('[action]', 'what to do').choices(['run']).default('run'));
  job.action(async (name: string) => {
    const options = job.optsWithGlobals<RuntimeOptions>();
    await withOmega(job, (om) => follow(om.runtime.job(name, route(options)).run(), options));
  });
}

function addTaskOptions(command: Command): Command {
  return command
    .option(...SEND_TO_QUEUE)
    .option(
      '-t, --timeout <seconds>',
      'how long to wait for the result (default: until it is there)',
      parsePositive,
    )
    .option('--async', 'print the id of the task and do not wait');
}

interface Call {
  readonly name: string;
  readonly action: Action;
  readonly X: string;
  readonly y: string | undefined;
}

function submit(om: Omega, { name, action, X, y }: Call, options: RuntimeOptions): TaskHandle<unknown> {
  const model = om.runtime.model(name, route(options));
  const store = options.result === undefined ? {} : { result: options.result };
  switch (action) {
    case 'fit':
      return model.fit(X, y);
    case 'predict':
      return model.predict(X, store);
    case 'predict_proba':
      return model.predictProba(X, store);
    case 'score':
      return model.score(X, y ?? '');
  }
}

function route({ queue }: RuntimeOptions): { readonly queue?: string } {
  return queue === undefined ? {} : { queue };
}

/** Prints the result when it is there, or only the id. */
async function follow(handle: TaskHandle<unknown>, options: RuntimeOptions): Promise<void> {
  if (options.async) await printSent(handle, options);
  else await printResult(handle, options);
}
