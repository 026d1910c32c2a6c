/** The Python interpreter that tests use: a virtual environment with the peers of requirements.txt. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { tryLock } from '../../src/services/lock.ts';

/** From the project's root, where tests and benches are started: a bench runs compiled, in `dist`. */
const requirements = 'test/python/requirements.txt';

/**
 * Path of the interpreter. The environment is made on first use (some minutes, once) under the user's
 * cache folder; a second process waits for the first.
 */
export function pythonPath(): string {
  const given = process.env.OMEGA_TEST_PYTHON;
  if (given) return given;
  const folder = environmentFolder();
  const interpreter = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  while (!existsSync(complete)) {
    const release = tryLock(`${folder}.lock`);
    if (release === null) {
      sleep(500);
      continue;
    }
    try {
      if (!existsSync(complete)) makeEnvironment(folder, interpreter);
      writeFileSync(complete, '');
    } finally {
      release();
    }
  }
  return interpreter;
}

function environmentFolder(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  return join(cache, 'omegaml-node', `python-${hash}`);
}

function makeEnvironment(folder: string, interpreter: string): void {
  process.stderr.write('installing the Python peers of the tests (some minutes, once)\n');
  rmSync(folder, { recursive: true, force: true });
  execFileSync('python3', ['-m', 'venv', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
  execFileSync(interpreter, ['-m', 'pip', 'install', ...quiet, '-r', requirements], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
