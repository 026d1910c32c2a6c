/** `om.runtime.job(name)`: runs a notebook on a worker (omegaml.notebook.tasks.run_omegaml_job). */
import { type ProxyContext, systemKwargs } from './model-proxy.ts';
import type { SendOptions } from './send.ts';
import type { TaskHandle } from './task-handle.ts';

export interface JobRunOptions {
  /** Seconds that each cell may take. Default: no limit. */
  readonly timeout?: number;
}

export interface JobProxy {
  /**
   * Runs the notebook's cells in order. The result is the Metadata text of the executed notebook; a cell
   * that raises does not fail the task: the run's status is `ERROR` then.
   */
  run(options?: JobRunOptions): TaskHandle<string>;
}

export function createJobProxy(
  { send, bucket }: ProxyContext,
  name: string,
  options?: SendOptions,
): JobProxy {
  return {
    run: ({ timeout } = {}) =>
      send(
        'omegaml.notebook.tasks.run_omegaml_job',
        { args: [name], kwargs: { timeout: timeout ?? null, ...systemKwargs(bucket) } },
        options,
      ),
  };
}
