import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KernelDied, MissingDependency, SoftTimeLimitExceeded } from '../../src/errors.ts';
import { findKernelSpec } from '../../src/notebook/find-kernelspec.ts';
import { startKernel } from '../../src/notebook/kernel.ts';
import { kernelEnvironment } from '../../src/notebook/kernel-environment.ts';
import type { Notebook } from '../../src/notebook/notebook.ts';
import { type RunNotebookOptions, runNotebook } from '../../src/notebook/run.ts';
import { createRunFolder } from '../../src/notebook/run-folder.ts';
import { notebookOf, outputsOf, processesOf, textOfOutput, watchedRun } from '../support/notebooks.ts';
import { pythonPath } from '../support/python.ts';

/** Everything that a run leaves behind would be in here. */
let folder: string;
let groups: number[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omega-test-'));
  vi.stubEnv('TMPDIR', folder);
  groups = [];
});

afterEach(async () => {
  vi.unstubAllEnvs();
  const left = readdirSync(folder);
  rmSync(folder, { recursive: true });
  expect(left).toEqual([]);
  await expect.poll(() => groups.flatMap(processesOf)).toEqual([]);
});

async function run(notebook: Notebook, options: RunNotebookOptions = {}) {
  const watched = watchedRun(options);
  groups = watched.groups;
  const done = await runNotebook(notebook, watched.options);
  const texts = outputsOf(done.notebook).map((outputs) => outputs.map(textOfOutput));
  return { ...done, texts };
}

describe('the time limit of a cell', () => {
  it('interrupts an endless loop in TypeScript', async () => {
    const notebook = notebookOf('deno', `console.log('a'); while (true);`, '1');
    const { status, message, texts } = await run(notebook, { cellTimeout: 0.5 });
    expect(status).toBe('ERROR');
    expect(message).toMatch(/^The cell ran longer than its limit of 0.5 s and was interrupted/);
    expect(texts).toEqual([['a\n', 'CellTimeout'], []]);
  });

  it('interrupts Python, whose cleanup still runs', async () => {
    const source = `import time\ntry: time.sleep(99)\nfinally: print('cleaned')`;
    const { status, texts } = await run(notebookOf('python3', source, '1'), { cellTimeout: 0.5 });
    expect(status).toBe('ERROR');
    expect(texts).toEqual([['cleaned\n', 'KeyboardInterrupt', 'CellTimeout'], []]);
  });

  it.each([
    ['deno', `console.log('a'); await new Promise((r) => setTimeout(r, 99_000))`],
    [
      'python3',
      `import time\nprint('a')\nwhile True:\n  try: time.sleep(99)\n  except KeyboardInterrupt: pass`,
    ],
  ])('kills a %s cell that does not stop when it is interrupted', async (kernel, source) => {
    const limits = { cellTimeout: 0.5, grace: 0.3 };
    const { status, message, texts } = await run(notebookOf(kernel, source, '1'), limits);
    expect(status).toBe('ERROR');
    expect(message).toMatch(/was killed, as it did not stop within 0.3 s/);
    expect(texts).toEqual([['a\n', 'CellTimeout'], []]);
  });

  it('does not concern a run of cells that each keep it', async () => {
    const cell = 'await new Promise((r) => setTimeout(r, 600)); console.log(1)';
    const { status } = await run(notebookOf('deno', cell, cell, cell), { cellTimeout: 1.4 });
    expect(status).toBe('OK');
  });
});

it('the time limit of a run ends it in the middle of a cell', async () => {
  const cells = Array.from({ length: 9 }, () => 'import time; time.sleep(0.6); print(1)');
  const { status, message, texts } = await run(notebookOf('python3', ...cells), { runTimeout: 2.5 });
  expect(status).toBe('ERROR');
  expect(message).toMatch(/^The notebook ran longer than its limit of 2.5 s and was interrupted/);
  expect(texts.flat()).toContain('CellTimeout');
  expect(texts.at(-1)).toEqual([]);
});

describe('a kernel that ends by itself', () => {
  it.each([
    ['deno', 'console.log(1)', 'Deno.exit(7)', 'exit code 7'],
    ['python3', 'print(1)', 'import os; os._exit(7)', 'exit code 7'],
    ['python3', 'print(1)', 'import os, signal; os.kill(os.getpid(), signal.SIGSEGV)', 'signal SIGSEGV'],
  ])('makes the run of a %s notebook an ERROR (%s, %s)', async (kernel, first, last, cause) => {
    const { status, message, texts } = await run(notebookOf(kernel, first, last, first));
    expect(status).toBe('ERROR');
    expect(message).toContain(`The kernel "${kernel}" died with ${cause}`);
    expect(texts).toEqual([['1\n'], ['KernelDied'], []]);
  });

  it('takes the processes with it that it started', async () => {
    const source = `import subprocess; print(subprocess.Popen(['sleep', '97']).pid)`;
    const { status, texts } = await run(notebookOf('python3', source));
    expect(status).toBe('OK');
    expect(texts).toEqual([[expect.stringMatching(/^\d+\n$/)]]);
  });

  it('is told from one that is frozen by its heartbeat', async () => {
    const search = { python: pythonPath(), hostEnv: process.env };
    const spec = await findKernelSpec(notebookOf('python3'), search);
    const work = mkdtempSync(join(folder, 'k'));
    const env = kernelEnvironment(process.env, { IPYTHONDIR: work });
    const options = { folder: work, cwd: work, env, startTimeoutMs: 30_000, silenceLimitMs: 600 };
    const kernel = await startKernel(spec, options);
    const source = 'import os, signal; os.kill(os.getpid(), signal.SIGSTOP)';
    await expect(kernel.execute(source, () => undefined)).rejects.toThrow('gave no sign of life for 0.6 s');
    await kernel.close();
    rmSync(work, { recursive: true });
  });
});

describe('aborting a run', () => {
  it.each([
    ['deno', 'while (true);'],
    ['python3', 'import time; time.sleep(99)'],
  ])('kills the kernel of a %s notebook and keeps the outputs', async (kernel, endless) => {
    const abort = new AbortController();
    let abortedAt = 0;
    const onCell = (index: number) => {
      if (index !== 1) return;
      setTimeout(() => {
        abortedAt = performance.now();
        abort.abort(new SoftTimeLimitExceeded('the task took too long'));
      }, 300);
    };
    const print = kernel === 'deno' ? 'console.log(1)' : 'print(1)';
    const { signal } = abort;
    const { status, message, texts } = await run(notebookOf(kernel, print, endless), { signal, onCell });
    expect(performance.now() - abortedAt).toBeLessThan(2000);
    expect({ status, message }).toEqual({ status: 'ERROR', message: 'the task took too long' });
    expect(texts).toEqual([['1\n'], ['SoftTimeLimitExceeded']]);
  });

  it('rejects with the reason while the kernel starts', async () => {
    const reason = new SoftTimeLimitExceeded('the task took too long');
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 50);
    await expect(run(notebookOf('python3', '1'), { signal: abort.signal })).rejects.toBe(reason);
    await expect(run(notebookOf('python3', '1'), { signal: abort.signal })).rejects.toBe(reason);
  });
});

describe('a kernel that does not start', () => {
  let programs: string;

  beforeEach(() => {
    programs = mkdtempSync(join(folder, '..', 'omega-test-'));
  });

  afterEach(() => rmSync(programs, { recursive: true }));

  function pythonThat(script: string): string {
    const path = join(programs, 'python');
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  it('is started again when somebody took a port meanwhile', async () => {
    const taken = join(programs, 'taken');
    const python = pythonThat(
      `[ -e ${taken} ] && exec ${pythonPath()} "$@"\ntouch ${taken}; echo 'Address already in use' >&2; exit 1`,
    );
    const { texts } = await run(notebookOf('python3', 'print(1)'), { python });
    expect(texts).toEqual([['1\n']]);
  });

  it.each([
    [
      'has no ipykernel',
      `echo "python: No module named ipykernel_launcher" >&2; exit 1`,
      MissingDependency,
      /pip install ipykernel/,
    ],
    ['exits', 'echo "no luck" >&2; exit 3', KernelDied, /exit code 3 before it was ready.*no luck/],
    ['never answers', 'exec sleep 96', KernelDied, /was not ready within 0\.\d s/],
  ])('fails the run when the interpreter %s', async (_, script, error, message) => {
    const python = pythonThat(script);
    const failed = run(notebookOf('python3', '1'), { python, runTimeout: 0.5 });
    await expect(failed).rejects.toThrow(error);
    await expect(failed).rejects.toThrow(message);
  });
});

it('a kernel dies with the process that runs the notebook, and the next run tidies up', async () => {
  const script = `
    import { runNotebook } from './dist/src/notebook/run.js';
    const cell = { cell_type: 'code', metadata: {}, source: 'while (true);', outputs: [], execution_count: null };
    const metadata = { kernelspec: { name: 'deno' } };
    const notebook = { nbformat: 4, nbformat_minor: 4, metadata, cells: [cell] };
    const onChild = ({ pid }) => console.log(pid);
    const onCell = () => setTimeout(() => process.kill(process.pid, 'SIGKILL'), 200);
    await runNotebook(notebook, { hostEnv: process.env, onChild, onCell });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const [[output]] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')]);
  groups = [Number(output)];
  expect(groups).toEqual([expect.any(Number)]);
  await expect.poll(() => groups.flatMap(processesOf), { timeout: 5000 }).toEqual([]);
  expect(readdirSync(folder)).toHaveLength(1);
  const { remove } = await createRunFolder({});
  await remove();
});
