/** `omegaml.notebook.tasks.run_omegaml_job`: runs a stored notebook (omegaml/notebook/tasks.py). */
import { readNotebook } from '../notebook/notebook.ts';
import { type NotebookRun, runNotebook } from '../notebook/run.ts';
import { formatMetadata } from '../store/metadata.ts';
import { bindArguments, optionalSeconds, optionalText, requiredText } from './arguments.ts';
import type { BuiltinContext, BuiltinTask } from './builtin-task.ts';

const RUN = {
  task: 'omegaml.notebook.tasks.run_omegaml_job',
  required: ['nb_file'],
  optional: ['event', 'timeout'],
} as const;

/**
 * Runs all cells in order and stores the executed notebook; `timeout` is seconds for each cell. The result
 * is the Metadata text of the executed notebook. A cell that raises does not fail the task: the run is
 * recorded as `ERROR`.
 *
 * @throws NotebookNotFound, InvalidNotebook, MissingDependency, KernelDied; the signal's reason when the
 *   task is aborted, after what has run is stored.
 */
export const notebookTask: BuiltinTask = {
  name: RUN.task,
  async run(args, kwargs, context) {
    const { values, bucket } = bindArguments(RUN, args, kwargs);
    const name = requiredText(RUN.task, 'nb_file', values.nb_file);
    const event = optionalText(RUN.task, 'event', values.event);
    const cellTimeout = optionalSeconds(RUN.task, 'timeout', values.timeout);
    const { jobs } = context.om.bucket(bucket);
    const notebook = readNotebook(await jobs.get(name), name);
    const startedAt = new Date();
    const run = await execute(notebook, cellTimeout, context);
    const results = await jobs.recordRun(name, { ...run, startedAt, event, taskId: context.taskId });
    context.signal.throwIfAborted();
    return formatMetadata(results);
  },
};

function execute(
  notebook: NotebookRun['notebook'],
  cellTimeout: number | null,
  { notebooks, signal, children }: BuiltinContext,
): Promise<NotebookRun> {
  return runNotebook(notebook, {
    ...notebooks,
    cellTimeout,
    signal,
    onChild: ({ pid, alive }) => (alive ? children.started(pid) : children.ended(pid)),
  });
}
