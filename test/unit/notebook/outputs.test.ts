import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/notebook/json-object.ts';
import type { CodeCell } from '../../../src/notebook/notebook.ts';
import { CellOutputs, type Displays } from '../../../src/notebook/outputs.ts';

let cell: CodeCell;
let displays: Displays;
let outputs: CellOutputs;

function newCell(): CodeCell {
  return { cell_type: 'code', metadata: {}, source: '', outputs: [], execution_count: null };
}

beforeEach(() => {
  cell = newCell();
  displays = new Map();
  outputs = new CellOutputs(cell, displays, 100);
});

function publish(type: string, content: JsonObject): void {
  outputs.add({ type, content, date: '', parentId: '' });
}

function print(text: string, name = 'stdout'): void {
  publish('stream', { name, text });
}

const stream = (text: string, name = 'stdout') => ({ output_type: 'stream', name, text });
const CUT = '\n[output beyond 100 bytes per cell is left out]\n';

describe('streams', () => {
  it('joins consecutive pieces of one stream', () => {
    print('a');
    print('b');
    print('c', 'stderr');
    print('d');
    expect(cell.outputs).toEqual([stream('ab'), stream('c', 'stderr'), stream('d')]);
  });

  it('cuts what is beyond the limit, once, at a whole character', () => {
    print('x'.repeat(99));
    print('é');
    print('more');
    expect(cell.outputs).toEqual([stream('x'.repeat(99)), stream(CUT, 'stderr')]);
  });

  it('cuts one long piece', () => {
    print('x'.repeat(200));
    expect(cell.outputs).toEqual([stream('x'.repeat(100)), stream(CUT, 'stderr')]);
  });
});

describe('rich output', () => {
  it('is a display or a result', () => {
    const data = { 'text/plain': '1' };
    publish('display_data', { data, metadata: { a: 1 }, transient: {} });
    publish('execute_result', { data, metadata: {}, execution_count: 4 });
    expect(cell.outputs).toEqual([
      { output_type: 'display_data', data, metadata: { a: 1 } },
      { output_type: 'execute_result', data, metadata: {}, execution_count: 4 },
    ]);
  });

  it('keeps values other than text for JSON types only', () => {
    publish('display_data', { data: { 'text/html': { a: 1 }, 'application/x+json': { a: 1 } } });
    expect(cell.outputs).toMatchObject([
      { data: { 'text/html': '{"a":1}', 'application/x+json': { a: 1 } }, metadata: {} },
    ]);
  });

  it('is left out when it is beyond the limit, and errors are not', () => {
    publish('display_data', { data: { 'image/png': 'x'.repeat(100) } });
    publish('error', { ename: 'E', evalue: 'bad', traceback: ['t'.repeat(200)] });
    expect(cell.outputs).toEqual([
      stream(CUT, 'stderr'),
      { output_type: 'error', ename: 'E', evalue: 'bad', traceback: [] },
    ]);
  });

  it('is updated by its display id, from any cell', () => {
    publish('display_data', { data: { 'text/plain': 'old' }, transient: { display_id: 'd' } });
    const other = new CellOutputs(newCell(), displays, 100);
    const content = { data: { 'text/plain': 'new' }, metadata: { b: 2 }, transient: { display_id: 'd' } };
    other.add({ type: 'update_display_data', content, date: '', parentId: '' });
    expect(cell.outputs).toEqual([
      { output_type: 'display_data', data: { 'text/plain': 'new' }, metadata: { b: 2 } },
    ]);
  });

  it('can be updated again and again within the limit', () => {
    const transient = { display_id: 'd' };
    publish('display_data', { data: { 'text/plain': '0' }, transient });
    for (const count of Array(50).keys()) {
      publish('update_display_data', { data: { 'text/plain': `progress ${count}` }, transient });
    }
    expect(cell.outputs).toMatchObject([{ data: { 'text/plain': 'progress 49' } }]);
  });
});

describe('clear_output', () => {
  it('clears at once', () => {
    print('x'.repeat(200));
    publish('clear_output', { wait: false });
    expect(cell.outputs).toEqual([]);
    print('y');
    expect(cell.outputs).toEqual([stream('y')]);
  });

  it('waits for the next output when told to', () => {
    print('a');
    publish('clear_output', { wait: true });
    expect(cell.outputs).toEqual([stream('a')]);
    print('b');
    expect(cell.outputs).toEqual([stream('b')]);
  });
});
