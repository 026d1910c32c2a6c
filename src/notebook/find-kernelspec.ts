/** Which kernel a notebook wants. */
import { MissingDependency } from '../errors.ts';
import { denoKernelSpec } from './deno-kernel.ts';
import { findExecutable } from './executable.ts';
import { findInstalledKernel, kernelFolders } from './installed-kernels.ts';
import { objectOf, textOf } from './json-object.ts';
import { type Environment, kernelEnvironment } from './kernel-environment.ts';
import type { KernelSpec } from './kernelspec.ts';
import type { Notebook } from './notebook.ts';
import { pythonKernelSpec } from './python-kernel.ts';

/** Where kernels are looked for. */
export interface KernelSearch {
  /** Python interpreter with ipykernel: a path, or a name on PATH. */
  readonly python: string;
  /** Environment of the worker. */
  readonly hostEnv: Environment;
}

const DENO_NAMES = new Set(['deno', 'typescript', 'javascript']);
const PYTHON_NAMES = new Set(['python3', 'python']);

/**
 * The kernel that the notebook's metadata name (`kernelspec.name`): ours for Python and TypeScript, else an
 * installed one of that name, else ours for its language. A notebook that names none is Python's, as in Jupyter.
 *
 * @throws MissingDependency when it is not installed.
 */
export async function findKernelSpec({ metadata }: Notebook, search: KernelSearch): Promise<KernelSpec> {
  const kernelspec = objectOf(metadata.kernelspec);
  const language = textOf(kernelspec.language) || textOf(objectOf(metadata.language_info).name);
  const name = textOf(kernelspec.name) || language || 'python3';
  const searchPath = kernelEnvironment(search.hostEnv).PATH ?? '';

  const own = await ownKernelSpec(name, search.python, searchPath);
  if (own !== null) return own;
  const interpreter = await findExecutable(search.python, searchPath);
  const folders = kernelFolders(search.hostEnv, interpreter);
  const installed = await findInstalledKernel(name, folders, interpreter);
  const spec = installed ?? (await ownKernelSpec(language, search.python, searchPath));
  if (spec !== null) return spec;
  throw new MissingDependency(
    `The notebook wants the Jupyter kernel "${name}", which is not installed in ${folders.join(', ')}. ` +
      'Install it there, or set the kernel of the notebook to python3 or deno.',
  );
}

async function ownKernelSpec(name: string, python: string, searchPath: string): Promise<KernelSpec | null> {
  const key = name.toLowerCase();
  if (DENO_NAMES.has(key)) return denoKernelSpec();
  if (PYTHON_NAMES.has(key)) return pythonKernelSpec(python, searchPath);
  return null;
}
