/** The Python interpreters that tests use: virtual environments with what requirements files list. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce } from './install-once.ts';

/** Of a virtual environment, without what belongs to one machine. */
interface Recipe {
  /** From the project's root, where tests and benches are started: a bench runs compiled, in `dist`. */
  readonly requirements: string;
  /** For pip. */
  readonly flags: readonly string[];
}

/** The peers of the tests. */
export function pythonPath(): string {
  const peers = { requirements: 'test/python/requirements.txt', flags: [] };
  return process.env.OMEGA_TEST_PYTHON || interpreterOf(peers);
}

/** celery-exporter, which cannot be installed beside the other peers. */
export function exporterPythonPath(): string {
  return interpreterOf({ requirements: 'test/python/exporter-requirements.txt', flags: ['--no-deps'] });
}

/** What looks at the chart and the image: schemas of Kubernetes, checkov, hadolint. */
export function deployPythonPath(): string {
  return interpreterOf({ requirements: 'test/deploy/requirements.txt', flags: [] });
}

/** Path of the interpreter. The environment is made on first use (some minutes, once). */
function interpreterOf(recipe: Recipe): string {
  const hash = createHash('sha256').update(readFileSync(recipe.requirements)).digest('hex').slice(0, 12);
  const folder = installOnce(`python-${hash}`, (path) => makeEnvironment(recipe, path));
  return interpreterIn(folder);
}

function interpreterIn(folder: string): string {
  return join(folder, 'bin', 'python');
}

function makeEnvironment({ requirements, flags }: Recipe, folder: string): void {
  process.stderr.write(`installing ${requirements} (some minutes, once)\n`);
  rmSync(folder, { recursive: true, force: true });
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
  const pip = ['-m', 'pip', 'install', ...quiet, ...flags, '-r', requirements];
  try {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    execFileSync(interpreterIn(folder), pip, { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    throw new Error(`${requirements} cannot be installed: is PyPI reached?`, { cause: error });
  }
}
