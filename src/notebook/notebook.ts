/** Notebooks of nbformat 4 (https://nbformat.readthedocs.io/en/latest/format_description.html). */
import { randomUUID } from 'node:crypto';
import { InvalidNotebook } from '../errors.ts';
import { isObject, isTextList, type JsonObject, objectOf, textOf } from './json-object.ts';

/** Text, or its lines (each with its line end). */
type MultilineText = string | string[];

/** Output by MIME type: text, or any JSON for the JSON types. */
export type MimeBundle = JsonObject;

export interface StreamOutput {
  output_type: 'stream';
  /** `stdout` or `stderr`. */
  name: string;
  text: MultilineText;
}

export interface DisplayDataOutput {
  output_type: 'display_data';
  data: MimeBundle;
  metadata: JsonObject;
}

export interface ExecuteResultOutput {
  output_type: 'execute_result';
  execution_count: number | null;
  data: MimeBundle;
  metadata: JsonObject;
}

export interface ErrorOutput {
  output_type: 'error';
  ename: string;
  evalue: string;
  traceback: string[];
}

export type Output = StreamOutput | DisplayDataOutput | ExecuteResultOutput | ErrorOutput;

export interface CodeCell {
  cell_type: 'code';
  id?: string;
  metadata: JsonObject;
  source: MultilineText;
  outputs: Output[];
  execution_count: number | null;
}

interface TextCell {
  cell_type: 'markdown' | 'raw';
  id?: string;
  metadata: JsonObject;
  source: MultilineText;
  attachments?: Record<string, MimeBundle>;
}

export type Cell = CodeCell | TextCell;

/** A notebook as its JSON file has it. */
export interface Notebook {
  nbformat: 4;
  nbformat_minor: number;
  metadata: JsonObject;
  cells: Cell[];
}

/**
 * Reads a notebook: the bytes or the text of an `.ipynb` file, or the object parsed from it, which is not
 * copied. Cells without an id get one where the format asks for it (4.5).
 *
 * @param name what the notebook is called in error messages.
 * @throws InvalidNotebook
 */
export function readNotebook(content: unknown, name: string): Notebook {
  const value = parse(content, name);
  const problem = findProblem(value);
  if (problem !== null) throw invalid(name, problem);
  // findProblem has checked every field that the type names.
  const notebook = value as Notebook;
  if (notebook.nbformat_minor >= 5) for (const cell of notebook.cells) cell.id ??= newCellId();
  return notebook;
}

/** A copy of the notebook with no outputs, as before its first run. */
export function clearOutputs(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell): Cell => {
    if (cell.cell_type !== 'code') return cell;
    const { execution: _, ...metadata } = cell.metadata;
    return { ...cell, metadata, outputs: [], execution_count: null };
  });
  return structuredClone({ ...notebook, cells });
}

/** The text of a cell. */
export function sourceOf({ source }: Cell): string {
  return typeof source === 'string' ? source : source.join('');
}

/** Whether a cell carries a tag (`metadata.tags`). */
export function hasTag({ metadata }: Cell, tag: string): boolean {
  return isTextList(metadata.tags) && metadata.tags.includes(tag);
}

function newCellId(): string {
  return randomUUID().slice(0, 8);
}

function parse(content: unknown, name: string): unknown {
  if (typeof content !== 'string' && !(content instanceof Uint8Array)) return content;
  const text = typeof content === 'string' ? content : Buffer.from(content).toString('utf8');
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw invalid(name, 'it is not JSON', cause);
  }
}

function invalid(name: string, problem: string, cause?: unknown): InvalidNotebook {
  const remedy = 'Store a notebook file (.ipynb) of nbformat 4.';
  return new InvalidNotebook(`"${name}" is not a notebook: ${problem}. ${remedy}`, { cause });
}

function findProblem(value: unknown): string | null {
  if (!isObject(value)) return 'it is not a JSON object';
  if (value.nbformat !== 4) return `nbformat is ${JSON.stringify(value.nbformat)}, not 4`;
  if (!isCount(value.nbformat_minor)) return 'nbformat_minor is not an integer from 0';
  if (!isObject(value.metadata)) return 'metadata is not an object';
  if (!Array.isArray(value.cells)) return 'cells is not an array';
  for (const [index, cell] of value.cells.entries()) {
    const problem = findCellProblem(cell);
    if (problem !== null) return `cell ${index + 1}: ${problem}`;
  }
  return null;
}

function findCellProblem(cell: unknown): string | null {
  if (!isObject(cell)) return 'it is not an object';
  if (!isObject(cell.metadata)) return 'metadata is not an object';
  if (!isMultilineText(cell.source)) return 'source is neither a string nor a list of strings';
  if (cell.id !== undefined && !/^[\w-]{1,64}$/.test(textOf(cell.id))) return 'id is not a valid cell id';
  if (cell.cell_type === 'code') return findCodeProblem(cell);
  if (cell.cell_type === 'markdown' || cell.cell_type === 'raw') return null;
  return `cell_type is ${JSON.stringify(cell.cell_type)}, not code, markdown or raw`;
}

function findCodeProblem({ execution_count, outputs }: JsonObject): string | null {
  if (execution_count !== null && !isCount(execution_count)) return 'execution_count is no integer nor null';
  if (!Array.isArray(outputs)) return 'outputs is not an array';
  const wrong = outputs.findIndex((output) => !isOutput(output));
  return wrong === -1 ? null : `output ${wrong + 1} is malformed`;
}

function isOutput(value: unknown): boolean {
  const output = objectOf(value);
  const { output_type, name, text, data, metadata, ename, evalue, traceback } = output;
  if (output_type === 'stream') return typeof name === 'string' && isMultilineText(text);
  if (output_type === 'error')
    return typeof ename === 'string' && typeof evalue === 'string' && isTextList(traceback);
  const isRich = output_type === 'display_data' || output_type === 'execute_result';
  return isRich && isObject(data) && isObject(metadata);
}

function isMultilineText(value: unknown): value is MultilineText {
  return typeof value === 'string' || isTextList(value);
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0;
}
