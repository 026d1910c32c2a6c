/** Runs a notebook: all of its code cells in order, on a kernel of its own. */
import { join } from 'node:path';
import { type CellContext, runCell } from './cell.ts';
import { findKernelSpec } from './find-kernelspec.ts';
import { type Kernel, startKernel } from './kernel.ts';
import { type Environment, kernelEnvironment } from './kernel-environment.ts';
import type { ChildEvent } from './kernel-process.ts';
import type { KernelSpec } from './kernelspec.ts';
import { type CodeCell, clearOutputs, hasTag, type Notebook, sourceOf } from './notebook.ts';
import { createRunFolder, type NotebookPackages, type RunFolder } from './run-folder.ts';
import { TimeLimits } from './time-limits.ts';

export interface RunNotebookOptions extends NotebookPackages {
  /** Seconds that each cell may take. Default: no limit. */
  readonly cellTimeout?: number | null | undefined;
  /** Seconds that the whole run may take, the kernel's start included. Default: no limit. */
  readonly runTimeout?: number | null | undefined;
  /** Seconds that an interrupted cell has before its kernel is killed. Default 5. */
  readonly grace?: number | undefined;
  /** Bytes of output that are kept of each cell. Default 1 MiB. */
  readonly outputLimit?: number | undefined;
  /** Python interpreter with ipykernel: a path, or a name on PATH. Default `python3`. */
  readonly python?: string | undefined;
  /** The worker's environment; only what programs need to run is passed on (PATH, HOME, locale). Default: none of it. */
  readonly hostEnv?: Environment | undefined;
  /** Environment variables for the notebook. */
  readonly env?: Environment | undefined;
  /** Working directory. Default: an empty one that is removed after the run, with `packages` and `nodeModules`. */
  readonly cwd?: string | undefined;
  /** Aborting kills the kernel at once; the run ends as `ERROR` with the message of the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called when a code cell starts: its index among the code cells, from 0, and how many there are. */
  readonly onCell?: ((index: number, total: number) => void) | undefined;
  /** Called when a kernel's process group appears, and when it is gone. */
  readonly onChild?: ((event: ChildEvent) => void) | undefined;
}

/** What came of a run. */
export interface NotebookRun {
  /** A copy of the notebook with the outputs of the cells that ran, up to the failure. */
  readonly notebook: Notebook;
  readonly status: 'OK' | 'ERROR';
  /** Why it ended early, empty for `OK`. */
  readonly message: string;
}

const START_TIMEOUT_MS = 60_000;
const DEFAULT_OUTPUT_LIMIT_BYTES = 1024 * 1024;
const DEFAULT_GRACE_SECONDS = 5;

/**
 * Runs a notebook. Its old outputs are removed first. The run stops at the first cell that raises, unless the
 * cell is tagged `raises-exception`; cells tagged `skip-execution` and empty ones are not run. Nothing of the
 * kernel is left when the promise settles.
 *
 * @throws MissingDependency when the kernel is not installed, KernelDied when it does not start, the signal's
 *   reason when it is aborted before the first cell. What happens later is an `ERROR` of the run.
 */
export async function runNotebook(
  notebook: Notebook,
  options: RunNotebookOptions = {},
): Promise<NotebookRun> {
  options.signal?.throwIfAborted();
  const limits = new TimeLimits(options.cellTimeout, options.runTimeout);
  const executed = clearOutputs(notebook);
  const spec = await findKernelSpec(executed, {
    python: options.python ?? 'python3',
    hostEnv: options.hostEnv ?? {},
  });
  const folder = await createRunFolder(options);
  try {
    const kernel = await startForRun(spec, folder, limits, options);
    try {
      describeKernel(executed, spec, kernel);
      const message = await runCells(executed, limits, cellContext(kernel, spec, options), options);
      return { notebook: executed, status: message === null ? 'OK' : 'ERROR', message: message ?? '' };
    } finally {
      await kernel.close();
    }
  } finally {
    await folder.remove();
  }
}

function startForRun(
  spec: KernelSpec,
  folder: RunFolder,
  limits: TimeLimits,
  { hostEnv = {}, env = {}, cwd, signal, onChild }: RunNotebookOptions,
): Promise<Kernel> {
  // Not the user's own IPython profile, whose start-up files are none of the notebook's business.
  const own = { ...spec.env, IPYTHONDIR: join(folder.path, 'ipython') };
  return startKernel(spec, {
    folder: folder.path,
    cwd: cwd ?? folder.cwd,
    env: kernelEnvironment(hostEnv, own, env),
    startTimeoutMs: Math.min(START_TIMEOUT_MS, limits.forRun().remainingMs),
    signal,
    onChild,
  });
}

function describeKernel({ metadata }: Notebook, spec: KernelSpec, kernel: Kernel): void {
  metadata.language_info = kernel.languageInfo;
  metadata.kernelspec ??= { name: spec.name, display_name: spec.displayName, language: spec.language };
}

function cellContext(kernel: Kernel, spec: KernelSpec, options: RunNotebookOptions): CellContext {
  return {
    kernel,
    displays: new Map(),
    outputLimitBytes: options.outputLimit ?? DEFAULT_OUTPUT_LIMIT_BYTES,
    graceMs: (options.grace ?? DEFAULT_GRACE_SECONDS) * 1000,
    signal: options.signal,
    explainFailure: spec.explainFailure,
  };
}

/** Null when all cells ran, else why the run ended. */
async function runCells(
  { cells }: Notebook,
  limits: TimeLimits,
  context: CellContext,
  { onCell }: RunNotebookOptions,
): Promise<string | null> {
  const runnable = cells.filter((cell) => cell.cell_type === 'code').filter(isRunnable);
  for (const [index, cell] of runnable.entries()) {
    onCell?.(index, runnable.length);
    const message = await runCell(cell, limits.forCell(), context);
    if (message !== null) return message;
  }
  return null;
}

function isRunnable(cell: CodeCell): boolean {
  return sourceOf(cell).trim() !== '' && !hasTag(cell, 'skip-execution');
}
