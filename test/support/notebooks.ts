/** Notebooks for tests, and how they are run there. */
import { readdirSync, readFileSync } from 'node:fs';
import { type Cell, type Notebook, type Output, readNotebook } from '../../src/notebook/notebook.ts';
import type { RunNotebookOptions } from '../../src/notebook/run.ts';
import { pythonPath } from './python.ts';

/** A notebook of these code cells. A cell may carry tags. */
export function notebookOf(
  kernel: string,
  ...cells: readonly (string | { source: string; tags: string[] })[]
): Notebook {
  const full = cells.map((cell) => {
    const { source, tags } = typeof cell === 'string' ? { source: cell, tags: [] } : cell;
    return { cell_type: 'code', source, metadata: { tags }, outputs: [], execution_count: null };
  });
  const metadata = { kernelspec: { name: kernel, display_name: kernel } };
  return readNotebook({ nbformat: 4, nbformat_minor: 5, metadata, cells: full }, 'test');
}

/** Options for a run, and the process groups that it announced. */
export function watchedRun(options: RunNotebookOptions = {}) {
  const groups: number[] = [];
  const watched: RunNotebookOptions = {
    python: pythonPath(),
    hostEnv: process.env,
    onChild: ({ pid, alive }) => {
      if (alive) groups.push(pid);
    },
    ...options,
  };
  return { options: watched, groups };
}

/** Process ids of what runs in a process group; zombies do not run. Linux only. */
export function processesOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const [state, , processGroup] = statOf(pid);
      return Number(processGroup) === group && state !== 'Z';
    });
}

function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** The outputs of the code cells of a notebook. */
export function outputsOf({ cells }: Notebook): Output[][] {
  return cells.flatMap((cell: Cell) => (cell.cell_type === 'code' ? [cell.outputs] : []));
}

/** What an output says: the text of a stream, the plain text of a value, the name of an error. */
export function textOfOutput(output: Output): string {
  if (output.output_type === 'stream') return [output.text].flat().join('');
  if (output.output_type === 'error') return output.ename;
  return String(output.data['text/plain']);
}
