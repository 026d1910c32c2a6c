/** The private folder of one run, gone after it. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** npm packages that a TypeScript notebook can import. */
export interface NotebookPackages {
  /** A `node_modules` folder, all of whose packages can be imported. */
  readonly nodeModules?: string | undefined;
  /** Folders of single packages by name; they come before those of `nodeModules`. */
  readonly packages?: Readonly<Record<string, string>> | undefined;
}

export interface RunFolder {
  /** For sockets, the connection file and what the kernel keeps for itself. */
  readonly path: string;
  /** An empty working directory in it, from which the packages can be imported. */
  readonly cwd: string;
  remove(): Promise<void>;
}

/** Makes the folder, readable by this user only, and removes those of processes that were killed. */
export async function createRunFolder({ nodeModules, packages = {} }: NotebookPackages): Promise<RunFolder> {
  await removeStaleFolders();
  const path = await mkdtemp(join(tmpdir(), `${namePrefix()}${process.pid}-`));
  const remove = () => removeFolder(path);
  try {
    const cwd = join(path, 'work');
    await mkdir(cwd);
    // Imports are resolved upwards from the working directory: its own packages, then the folder's.
    if (nodeModules !== undefined) await symlink(nodeModules, join(path, 'node_modules'));
    for (const [name, folder] of Object.entries(packages)) await link(name, folder, cwd);
    const dependencies = Object.fromEntries(Object.keys(packages).map((name) => [name, '*']));
    // With a package.json Deno reads packages from node_modules only and never downloads one.
    await writeFile(join(cwd, 'package.json'), JSON.stringify({ type: 'module', dependencies }));
    return { path, cwd, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Process ids mean something on this host only. */
function namePrefix(): string {
  return `omega-nb-${createHash('sha256').update(hostname()).digest('hex').slice(0, 6)}-`;
}

async function removeStaleFolders(): Promise<void> {
  const names = await readdir(tmpdir());
  const stale = names.filter((name) => {
    if (!name.startsWith(namePrefix())) return false;
    return !isAlive(Number.parseInt(name.slice(namePrefix().length), 10));
  });
  // What belongs to another user stays.
  await Promise.allSettled(stale.map((name) => removeFolder(join(tmpdir(), name))));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH';
  }
}

function removeFolder(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 5 });
}

async function link(name: string, folder: string, cwd: string): Promise<void> {
  const path = join(cwd, 'node_modules', name);
  await mkdir(dirname(path), { recursive: true });
  await symlink(folder, path);
}
