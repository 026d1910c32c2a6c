/** The Python interpreters that tests use: virtual environments with what requirements files of test/python list. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { tryLock } from '../../src/services/lock.ts';

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

/**
 * Path of the interpreter. The environment is made on first use (some minutes, once) under the user's
 * cache folder; a second process waits for the first.
 */
function interpreterOf(recipe: Recipe): string {
  const folder = folderOf(recipe);
  const interpreter = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  while (!existsSync(complete)) {
    const release = tryLock(`${folder}.lock`);
    if (release === null) {
      sleep(500);
      continue;
    }
    try {
      if (!existsSync(complete)) makeEnvironment(recipe, folder, interpreter);
      writeFileSync(complete, '');
    } finally {
      release();
    }
  }
  return interpreter;
}

function folderOf({ requirements }: Recipe): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  return join(cache, 'omegaml-node', `python-${hash}`);
}

function makeEnvironment({ requirements, flags }: Recipe, folder: string, interpreter: string): void {
  process.stderr.write(`installing ${requirements} (some minutes, once)\n`);
  rmSync(folder, { recursive: true, force: true });
  execFileSync('python3', ['-m', 'venv', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
  execFileSync(interpreter, ['-m', 'pip', 'install', ...quiet, ...flags, '-r', requirements], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
