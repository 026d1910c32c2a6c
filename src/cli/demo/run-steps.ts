/** Runs the demo's tasks through the queue and tells how they go. */
import { TaskFailed } from '../../errors.ts';
import type { Omega } from '../../omega.ts';
import type { Chain, Step } from './steps.ts';

/** How a task ended, as the table shows it. */
export interface StepResult {
  readonly title: string;
  readonly id: string;
  /** Nodename of the worker that took it. */
  readonly worker: string;
  /** The task's; ERROR when it succeeded and its work did not. */
  readonly state: string;
  /** From the moment it was sent until its result was here. */
  readonly seconds: number;
  readonly result: string;
}

export interface RunOptions {
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs the chains at the same time. A task that fails ends its chain, not the others.
 *
 * @throws the signal's reason when it is aborted.
 */
export async function runChains(
  om: Omega,
  chains: readonly Chain[],
  options: RunOptions,
): Promise<StepResult[]> {
  const { worker } = await om.runtime.ping().get({ signal: options.signal });
  const results = await Promise.all(chains.map((chain) => runChain(om, chain, worker, options)));
  return results.flat();
}

async function runChain(om: Omega, chain: Chain, worker: string, options: RunOptions): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of chain) {
    const result = await runStep(om, step, worker, options);
    results.push(result);
    if (result.state !== 'SUCCESS') break;
  }
  return results;
}

async function runStep(om: Omega, step: Step, worker: string, options: RunOptions): Promise<StepResult> {
  const { progress, signal } = options;
  const start = performance.now();
  const handle = step.submit(om);
  const end = (state: string, text: string): StepResult => {
    // An error's text may have many lines: the table has one.
    const result = text.replaceAll(/\s+/g, ' ').trim();
    const seconds = (performance.now() - start) / 1000;
    progress(`${state === 'SUCCESS' ? '✓' : '✗'} ${step.title}: ${result} (${seconds.toFixed(1)} s)`);
    return { title: step.title, id: handle.id, worker, state, seconds, result };
  };
  progress(`… ${step.title}`);
  try {
    const result = step.describe(await handle.get({ signal }));
    const problem = await step.findProblem?.(om);
    return problem ? end('ERROR', problem) : end('SUCCESS', result);
  } catch (error) {
    if (!(error instanceof TaskFailed)) throw error;
    return end(await handle.state(), error.message);
  }
}
