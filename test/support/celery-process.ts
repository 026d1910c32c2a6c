/** A Celery program under test: its output line by line, ended when the test ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { pythonPath } from './python.ts';

export interface CeleryProcess {
  readonly process: ChildProcess;
  /** What it has printed, and written to standard error. */
  readonly lines: string[];
}

/** Starts Python in test/python: `-m celery …`, or a script. */
export function startPython(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  python = pythonPath(),
): CeleryProcess {
  const child = spawn(python, args, {
    cwd: 'test/python',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => lines.push(line));
  }
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  return { process: child, lines };
}

/** Runs Python in test/python to its end. @returns what it printed. */
export async function runPython(args: readonly string[], input = ''): Promise<string> {
  const child = spawn(pythonPath(), args, {
    cwd: 'test/python',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stdin.end(input);
  await once(child, 'close');
  return output;
}
