import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Notebook } from '../../src/notebook/notebook.ts';
import { type RunNotebookOptions, runNotebook } from '../../src/notebook/run.ts';
import { notebookOf, outputsOf, textOfOutput, watchedRun } from '../support/notebooks.ts';
import { pythonPath } from '../support/python.ts';

async function run(notebook: Notebook, options: RunNotebookOptions = {}) {
  const done = await runNotebook(notebook, watchedRun(options).options);
  const texts = outputsOf(done.notebook).map((outputs) => outputs.map(textOfOutput));
  return { ...done, outputs: outputsOf(done.notebook), texts };
}

/** What nbformat, the format's reference implementation, says of the notebook: nothing when it is valid. */
function validate(notebook: Notebook): string {
  const script = 'import json, sys, nbformat; nbformat.validate(json.load(sys.stdin))';
  return execFileSync(pythonPath(), ['-W', 'error', '-c', script], {
    input: JSON.stringify(notebook),
    encoding: 'utf8',
  });
}

const lines = Array.from({ length: 50 }, (_, line) => line);

describe.each([
  {
    kernel: 'deno',
    burst: (cell: number) => `for (let i = 0; i < 50; i += 1) console.log('${cell}:' + i);\n\`done ${cell}\``,
    display: 'await Deno.jupyter.display({ "text/plain": "shown" }, { raw: true });',
    update: [
      `await Deno.jupyter.broadcast('display_data', { data: { 'text/plain': 'old' }, metadata: {}, transient: { display_id: 'd' } });`,
      `await Deno.jupyter.broadcast('update_display_data', { data: { 'text/plain': 'new' }, metadata: {}, transient: { display_id: 'd' } });`,
    ],
    stderr: `console.error('warning')`,
    raise: `throw new TypeError('bad')`,
    error: { ename: 'TypeError', evalue: 'bad' },
    result: /"done 3"/,
    language: 'typescript',
  },
  {
    kernel: 'python3',
    burst: (cell: number) => `for i in range(50): print(f'${cell}:{i}', flush=True)\n'done ${cell}'`,
    display: 'display({"text/plain": "shown"}, raw=True)',
    update: [
      `shown = display({'text/plain': 'old'}, raw=True, display_id='d')`,
      `shown.update({'text/plain': 'new'}, raw=True)`,
    ],
    stderr: `import sys; print('warning', file=sys.stderr)`,
    raise: `raise TypeError('bad')`,
    error: { ename: 'TypeError', evalue: 'bad' },
    result: /'done 3'/,
    language: 'python',
  },
])('a $kernel notebook', ({ kernel, burst, display, update, stderr, raise, error, result, language }) => {
  it('has each output in the cell that made it, over many cells', async () => {
    const cells = lines.map((cell) => burst(cell));
    const { texts, status, notebook } = await run(notebookOf(kernel, ...cells));
    expect(status).toBe('OK');
    const printed = lines.map((cell) => lines.map((line) => `${cell}:${line}\n`).join(''));
    expect(texts.map(([stream]) => stream)).toEqual(printed);
    expect(texts.map(({ length }) => length)).toEqual(lines.map(() => 2));
    expect(texts[3]?.[1]).toMatch(result);
    expect(notebook.cells.map((cell) => 'execution_count' in cell && cell.execution_count)).toEqual(
      lines.map((cell) => cell + 1),
    );
  });

  it('shows streams, displays, results and errors, up to the cell that raises', async () => {
    const source = notebookOf(kernel, stderr, display, ...update, raise, stderr);
    const { outputs, status, message, notebook } = await run(source);
    expect(outputs).toEqual([
      [{ output_type: 'stream', name: 'stderr', text: 'warning\n' }],
      [{ output_type: 'display_data', data: { 'text/plain': 'shown' }, metadata: {} }],
      [{ output_type: 'display_data', data: { 'text/plain': 'new' }, metadata: {} }],
      [],
      [expect.objectContaining({ output_type: 'error', ...error })],
      [],
    ]);
    expect(status).toBe('ERROR');
    expect(message).toMatch(/^An error occurred while executing the following cell:\n-{18}\n/);
    expect(message).toContain(`${raise}\n------------------\n\n`);
    expect(validate(notebook)).toBe('');
  });

  it('records its language and when each cell ran', async () => {
    const { notebook } = await run(notebookOf(kernel, '1'));
    expect(notebook.metadata).toMatchObject({ language_info: { name: language } });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(notebook.cells[0]?.metadata).toMatchObject({
      execution: { 'iopub.status.busy': time, 'iopub.execute_input': time, 'shell.execute_reply': time },
    });
  });

  it('goes on after a cell tagged raises-exception and does not run skipped or empty cells', async () => {
    const notebook = notebookOf(
      kernel,
      { source: raise, tags: ['raises-exception'] },
      { source: raise, tags: ['skip-execution'] },
      ' \n',
      stderr,
    );
    const { texts, status } = await run(notebook);
    expect({ texts, status }).toEqual({ texts: [['TypeError'], [], [], ['warning\n']], status: 'OK' });
  });
});

describe('a TypeScript notebook', () => {
  it('reports a syntax error with its place', async () => {
    const { outputs, status, notebook } = await run(notebookOf('deno', 'const a = ;'));
    expect(status).toBe('ERROR');
    expect(outputs[0]).toEqual([
      expect.objectContaining({
        ename: 'SyntaxError',
        evalue: expect.stringMatching(/^Expression expected\n.*1 \| const a = ;/s),
      }),
    ]);
    expect(validate(notebook)).toBe('');
  });

  it('imports the packages it is given, and downloads none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'omega-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const name of ['single', 'node_modules/many']) {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, 'package.json'), '{"type":"module","exports":"./index.js"}');
      writeFileSync(join(folder, name, 'index.js'), `export const name = '${name}';`);
    }
    const { texts, outputs } = await run(
      notebookOf(
        'deno',
        `import { name } from '@scope/single';\nconsole.log(name)`,
        `import { name as other } from 'many';\nconsole.log(other)`,
        `await import('npm:left-pad@1.3.0')`,
      ),
      {
        packages: { '@scope/single': join(folder, 'single') },
        nodeModules: join(folder, 'node_modules'),
      },
    );
    expect(texts).toEqual([['single\n'], ['node_modules/many\n'], ['TypeError']]);
    expect(outputs[2]).toMatchObject([{ evalue: expect.stringContaining('node_modules') }]);
  });
});

describe('a Python notebook', () => {
  it('loses no output of a cell that displays in a loop, though nobody reads for a while', async () => {
    const blocks = (index: number) => {
      if (index === 0)
        setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500), 50);
    };
    const source = 'for i in range(5000): display({"text/plain": "x" * 200}, raw=True)';
    const { outputs } = await run(notebookOf('python3', source), { onCell: blocks, outputLimit: 1e7 });
    expect(outputs[0]).toHaveLength(5000);
  });

  it('keeps 1 MiB of what a cell prints', async () => {
    const { texts, outputs, notebook } = await run(
      notebookOf('python3', 'for i in range(20): print("x" * 99_999)', '1'),
    );
    expect(texts[0]?.[0]).toHaveLength(1024 * 1024);
    expect(texts[0]?.[1]).toMatch(/output beyond 1048576 bytes per cell is left out/);
    expect(outputs[1]).toHaveLength(1);
    expect(validate(notebook)).toBe('');
  });

  it('sees the environment it is given and nothing secret of the worker', async () => {
    const hostEnv = { ...process.env, OMEGA_BROKER: 'amqp://secret@host', LC_ALL: 'C.UTF-8' };
    const source =
      'import os\nfor name in ["OMEGA_BROKER", "OMEGA_MONGO_URL", "LC_ALL"]: print(os.environ.get(name))';
    const { texts } = await run(notebookOf('python3', source), {
      hostEnv,
      env: { OMEGA_MONGO_URL: 'mongodb://data' },
    });
    expect(texts).toEqual([['None\nmongodb://data\nC.UTF-8\n']]);
  });

  it('is also one that names no kernel', async () => {
    const notebook = { ...notebookOf('', 'print(1)'), metadata: {} };
    const { texts, notebook: executed } = await run(notebook);
    expect(texts).toEqual([['1\n']]);
    expect(executed.metadata).toMatchObject({ kernelspec: { name: 'python3', language: 'python' } });
    expect(validate(executed)).toBe('');
  });

  it('runs in the working directory it is given', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'omega-test-'));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    const { texts } = await run(notebookOf('python3', 'import os; print(os.getcwd())'), { cwd });
    expect(texts).toEqual([[`${cwd}\n`]]);
  });
});

it('notebooks run beside each other', async () => {
  const sources = { python3: 'print(40 + 1)', deno: 'console.log(40 + 2)' };
  const kernels = ['python3', 'deno', 'python3', 'deno'] as const;
  const runs = await Promise.all(kernels.map((kernel) => run(notebookOf(kernel, sources[kernel]))));
  expect(runs.map(({ texts }) => texts)).toEqual([[['41\n']], [['42\n']], [['41\n']], [['42\n']]]);
});
