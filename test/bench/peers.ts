/** Celery's side of a comparison, in a Python process of its own. */
import { execFileSync } from 'node:child_process';
import { pythonPath } from '../support/python.ts';
import { brokerUrl } from '../support/services.ts';

const FOLDER = 'test/bench/peers';
const APPS = 'test/python';

/** Runs a script of `peers` with the app of test/python; returns the JSON that its last line holds. */
export function runPeer<Output>(script: string, args: readonly string[], backend = 'rpc://'): Output {
  const output = execFileSync(pythonPath(), [`${FOLDER}/${script}`, ...args], {
    encoding: 'utf8',
    env: { ...process.env, OMEGA_BROKER: brokerUrl(), OMEGA_BENCH_BACKEND: backend, PYTHONPATH: APPS },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Output;
}
