/**
 * Kernels that are installed for Jupyter
 * (https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs).
 */
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { isTextList, type JsonObject, objectOf, textOf } from './json-object.ts';
import type { Environment } from './kernel-environment.ts';
import type { KernelSpec } from './kernelspec.ts';

/**
 * The folders that hold kernels, in Jupyter's order: `JUPYTER_PATH`, the user's, the interpreter's, the
 * system's.
 *
 * @param interpreter path of the Python interpreter, null where there is none.
 */
export function kernelFolders(hostEnv: Environment, interpreter: string | null): string[] {
  const home = hostEnv.HOME ?? homedir();
  const user = process.platform === 'darwin' ? 'Library/Jupyter' : '.local/share/jupyter';
  const folders = [
    ...(hostEnv.JUPYTER_PATH ?? '').split(delimiter),
    hostEnv.JUPYTER_DATA_DIR ?? join(home, user),
    interpreter === null ? '' : join(dirname(dirname(interpreter)), 'share', 'jupyter'),
    '/usr/local/share/jupyter',
    '/usr/share/jupyter',
  ];
  return folders.filter((folder) => folder !== '').map((folder) => join(folder, 'kernels'));
}

/** The first kernel of this name; names differ in more than case. */
export async function findInstalledKernel(
  name: string,
  folders: readonly string[],
  interpreter: string | null,
): Promise<KernelSpec | null> {
  for (const folder of folders) {
    const entries = await readdir(folder).catch((): string[] => []);
    for (const entry of entries) {
      if (entry.toLowerCase() !== name.toLowerCase()) continue;
      const spec = await readKernelSpec(entry, join(folder, entry), interpreter);
      if (spec !== null) return spec;
    }
  }
  return null;
}

/** Null for a folder without a usable `kernel.json`: it is no kernel, as for Jupyter. */
async function readKernelSpec(
  name: string,
  folder: string,
  interpreter: string | null,
): Promise<KernelSpec | null> {
  const file = await readFile(join(folder, 'kernel.json'), 'utf8').catch(() => '{}');
  const spec = parseObject(file);
  if (!isTextList(spec.argv) || spec.argv.length === 0) return null;
  const [program = '', ...args] = spec.argv;
  // As in Jupyter, "python" is the interpreter in use and not what PATH happens to have.
  const usesPython = interpreter !== null && /^python3?$/.test(program);
  return {
    name,
    displayName: textOf(spec.display_name) || name,
    language: textOf(spec.language),
    argv: [usesPython ? interpreter : program, ...args].map((part) => part.replace('{resource_dir}', folder)),
    env: environmentOf(spec.env),
    transport: 'tcp',
    interruptMode: spec.interrupt_mode === 'message' ? 'message' : 'signal',
    beatsWhileBusy: false,
  };
}

function parseObject(text: string): JsonObject {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function environmentOf(env: unknown): Environment {
  return Object.fromEntries(Object.entries(objectOf(env)).map(([name, value]) => [name, textOf(value)]));
}
