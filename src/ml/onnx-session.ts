/** ONNX in a thread: the only importer of onnxruntime-node. Its calls block the thread that makes them. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Kernel } from '../contract/threads.ts';
import { CorruptObject, InvalidData, MissingDependency } from '../errors.ts';
import type { NumberArray } from '../frame/column.ts';
import type { Range } from './chunks.ts';

/** The bytes of a model, on shared memory, and what tells them from others. */
export interface OnnxFile {
  readonly bytes: Uint8Array;
  readonly version: string;
}

/** An input or output. A dimension that the model leaves open is null. */
export interface OnnxValue {
  readonly name: string;
  /** The element type; null for what is no tensor (a zipmap). */
  readonly type: string | null;
  readonly shape: readonly (number | null)[];
}

/** What a model takes and gives. */
export interface OnnxSignature {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** A column as a thread gets it: numbers, or codes of strings. */
export type OnnxColumn =
  | { readonly numbers: NumberArray }
  | { readonly codes: Int32Array; readonly dictionary: readonly string[] };

/** An input of the model, and the columns that it is made of. */
export interface OnnxFeed {
  readonly name: string;
  readonly type: string;
  readonly columns: readonly OnnxColumn[];
}

interface RunInput {
  readonly file: OnnxFile;
  readonly feeds: readonly OnnxFeed[];
  readonly output: string;
  readonly rows: Range;
}

/** Values row by row. */
export interface OnnxRows {
  readonly values: readonly string[] | Float64Array;
  /** Values per row. */
  readonly width: number;
}

export const onnxInspectKernel: Kernel<OnnxFile, OnnxSignature> = { name: 'onnx.inspect', run: inspect };

export const onnxRunKernel: Kernel<RunInput, OnnxRows> = { name: 'onnx.run', run: runRows };

/** Sessions of this thread, the one used last at the end. */
const sessions = new Map<string, { readonly session: InferenceSession; readonly bytes: number }>();
const MAX_SESSIONS = 8;
const MAX_SESSION_BYTES = 256 * 2 ** 20;

async function inspect(file: OnnxFile): Promise<OnnxSignature> {
  const { inputMetadata, outputMetadata } = await openSession(file);
  return { inputs: inputMetadata.map(describe), outputs: outputMetadata.map(describe) };
}

function describe(value: InferenceSession.ValueMetadata): OnnxValue {
  if (!value.isTensor) return { name: value.name, type: null, shape: [] };
  const shape = value.shape.map((size) => (typeof size === 'number' && size > 0 ? size : null));
  return { name: value.name, type: value.type, shape };
}

async function runRows({ file, feeds, output, rows }: RunInput): Promise<OnnxRows> {
  const session = await openSession(file);
  const { Tensor } = await load();
  const tensors = feeds.map((feed) => [feed.name, tensorOf(Tensor, feed, rows)] as const);
  const results = await session.run(Object.fromEntries(tensors), [output]).catch((error: unknown) => {
    throw new InvalidData(
      `the ONNX model refused the data: give what it was converted for (${messageOf(error)})`,
      {
        cause: error,
      },
    );
  });
  return rowsOf(results[output], rows.end - rows.start);
}

/** A chunk's values, row by row, in a buffer of its own: onnxruntime takes no shared memory. */
function tensorOf(Tensor: TensorConstructor, { type, columns }: OnnxFeed, rows: Range): Tensor {
  const shape = [rows.end - rows.start, columns.length];
  const size = (rows.end - rows.start) * columns.length;
  switch (type) {
    case 'float32':
      return new Tensor('float32', fill(new Float32Array(size), columns, rows, numberAt), shape);
    case 'float64':
      return new Tensor('float64', fill(new Float64Array(size), columns, rows, numberAt), shape);
    case 'int32':
      return new Tensor('int32', fill(new Int32Array(size), columns, rows, numberAt), shape);
    case 'int64': {
      const bigintAt = (column: OnnxColumn, row: number) => BigInt(numberAt(column, row));
      return new Tensor('int64', fill(new BigInt64Array(size), columns, rows, bigintAt), shape);
    }
    case 'bool':
      return new Tensor('bool', fill(new Uint8Array(size), columns, rows, numberAt), shape);
    default:
      return new Tensor('string', fill(new Array<string>(size), columns, rows, stringAt), shape);
  }
}

function fill<Value, Values extends { [i: number]: Value }>(
  values: Values,
  columns: readonly OnnxColumn[],
  { start, end }: Range,
  valueAt: (column: OnnxColumn, row: number) => Value,
): Values {
  columns.forEach((column, position) => {
    for (let row = start; row < end; row += 1) {
      values[(row - start) * columns.length + position] = valueAt(column, row);
    }
  });
  return values;
}

function numberAt(column: OnnxColumn, row: number): number {
  return 'numbers' in column ? (column.numbers[row] as number) : Number.NaN;
}

function stringAt(column: OnnxColumn, row: number): string {
  return 'codes' in column ? (column.dictionary[column.codes[row] as number] as string) : '';
}

function rowsOf(tensor: InferenceSession.OnnxValueMapType[string] | undefined, rowCount: number): OnnxRows {
  const data = tensor && 'data' in tensor ? tensor.data : [];
  if (data.length % rowCount !== 0) {
    throw new InvalidData(
      `the ONNX model answers ${rowCount} rows with ${data.length} values: convert it for batches of any size`,
    );
  }
  const isText = Array.isArray(data) && data.every((value) => typeof value === 'string');
  return { values: isText ? data : Float64Array.from(data, Number), width: data.length / rowCount };
}

async function openSession({ bytes, version }: OnnxFile): Promise<InferenceSession> {
  const open = sessions.get(version);
  if (open) {
    sessions.delete(version);
    sessions.set(version, open);
    return open.session;
  }
  const { InferenceSession } = await load();
  await makeRoom(bytes.length);
  try {
    const session = await InferenceSession.create(Uint8Array.from(bytes), { intraOpNumThreads: 1 });
    sessions.set(version, { session, bytes: bytes.length });
    return session;
  } catch (error) {
    throw new CorruptObject(
      `the bytes are no ONNX model that onnxruntime can load: convert and store it again (${messageOf(error)})`,
      { cause: error },
    );
  }
}

/** Releases the sessions used longest ago until one of this size fits. */
async function makeRoom(bytes: number): Promise<void> {
  for (const [version, { session }] of [...sessions]) {
    const total = [...sessions.values()].reduce((sum, open) => sum + open.bytes, bytes);
    if (sessions.size < MAX_SESSIONS && total <= MAX_SESSION_BYTES) return;
    sessions.delete(version);
    await session.release();
  }
}

type Onnxruntime = typeof import('onnxruntime-node');
type TensorConstructor = Onnxruntime['Tensor'];

async function load(): Promise<Onnxruntime> {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    throw new MissingDependency(
      'ONNX models need the package onnxruntime-node, which cannot be loaded: run `ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node` (the variable skips a download of CUDA)',
      { cause: error },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
