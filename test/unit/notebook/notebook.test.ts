import { describe, expect, it } from 'vitest';
import { InvalidNotebook } from '../../../src/errors.ts';
import { clearOutputs, hasTag, readNotebook, sourceOf } from '../../../src/notebook/notebook.ts';

const metadata = {};
const code = { cell_type: 'code', metadata, source: 'x', outputs: [], execution_count: null };

function notebookWith(cells: unknown, nbformat: unknown = 4, nbformat_minor: unknown = 4) {
  return { nbformat, nbformat_minor, metadata, cells };
}

describe('readNotebook', () => {
  it('reads the bytes of a file, a byte order mark included', () => {
    const bytes = Buffer.from(`\uFEFF${JSON.stringify(notebookWith([code]))}`);
    expect(readNotebook(bytes, 'a.ipynb').cells).toEqual([code]);
  });

  it.each([
    ['no JSON', '{"cells": [', 'it is not JSON'],
    ['no object', '[]', 'it is not a JSON object'],
    ['nothing', undefined, 'it is not a JSON object'],
    ['an older format', notebookWith([], 3), 'nbformat is 3, not 4'],
    ['no minor version', notebookWith([], 4, '5'), 'nbformat_minor'],
    ['no metadata', { nbformat: 4, nbformat_minor: 4, cells: [] }, 'metadata is not an object'],
    ['no cells', notebookWith({}), 'cells is not an array'],
    ['a cell that is none', notebookWith([code, 1]), 'cell 2: it is not an object'],
    ['an unknown cell type', notebookWith([{ ...code, cell_type: 'sql' }]), 'cell 1: cell_type is "sql"'],
    ['no source', notebookWith([{ ...code, source: [1] }]), 'cell 1: source'],
    ['a bad cell id', notebookWith([{ ...code, id: 'a b' }]), 'cell 1: id'],
    ['no outputs', notebookWith([{ ...code, outputs: null }]), 'cell 1: outputs'],
    ['a bad count', notebookWith([{ ...code, execution_count: 'x' }]), 'cell 1: execution_count'],
    ['a bad output', notebookWith([{ ...code, outputs: [{ output_type: 'stream' }] }]), 'output 1'],
  ])('refuses %s and says why', (_, content, problem) => {
    expect(() => readNotebook(content, 'sales.ipynb')).toThrow(InvalidNotebook);
    expect(() => readNotebook(content, 'sales.ipynb')).toThrow(`"sales.ipynb" is not a notebook: `);
    expect(() => readNotebook(content, 'sales.ipynb')).toThrow(problem);
  });

  it('gives cells an id where the format asks for one', () => {
    const { cells } = readNotebook(notebookWith([{ ...code }, { ...code, id: 'mine' }], 4, 5), 'a');
    expect(cells.map(({ id }) => id)).toEqual([expect.stringMatching(/^[0-9a-f]{8}$/), 'mine']);
  });
});

describe('a notebook', () => {
  const stream = { output_type: 'stream', name: 'stdout', text: ['1\n'] };
  const ran = {
    ...code,
    outputs: [stream],
    execution_count: 3,
    metadata: { tags: ['a'], execution: { 'iopub.status.busy': '' } },
  };

  it('is copied without outputs, counts and timings', () => {
    const notebook = readNotebook(notebookWith([ran]), 'a');
    expect(clearOutputs(notebook).cells).toEqual([{ ...code, metadata: { tags: ['a'] } }]);
    expect(notebook.cells).toEqual([ran]);
  });

  it('has sources as text or as lines, and tagged cells', () => {
    const { cells } = readNotebook(notebookWith([{ ...ran, source: ['a\n', 'b'] }, code]), 'a');
    expect(cells.map(sourceOf)).toEqual(['a\nb', 'x']);
    expect(cells.map((cell) => hasTag(cell, 'a'))).toEqual([true, false]);
  });
});
