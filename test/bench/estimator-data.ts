/** The rows that our estimators and scikit-learn's fit, in files; and what our fits need. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allocateFloat64 } from '../../src/frame/allocation.ts';
import type { Column } from '../../src/frame/column.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import type { Estimator, FitContext } from '../../src/ml/estimator.ts';
import { estimators } from '../../src/ml/estimators.ts';
import type { RowBlock } from '../../src/ml/fit-blocks.ts';
import { createThreads } from '../../src/threads/thread-pool.ts';
import { pythonPath } from '../support/python.ts';

export const FEATURES = 20;
const CORES = 2;
const PEER = 'test/bench/peers/estimators.py';

/** `line` is a sum of its columns with noise. */
export type DataKind = 'classes' | 'numbers' | 'line';

/** Has scikit-learn draw rows: so many to fit, and a quarter more to test. @param offset of the columns from zero. */
export async function withData<Result>(
  { kind, rows, offset = 0 }: { readonly kind: DataKind; readonly rows: number; readonly offset?: number },
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'omega-bench-'));
  try {
    const args = [PEER, 'data', folder, kind, `${rows}`, `${FEATURES}`, `${offset}`];
    execFileSync(pythonPath(), args, { stdio: 'inherit' });
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What scikit-learn's side says of the rows of {@link withData}. */
export function runPeer<Output>(command: string, args: readonly string[]): Output {
  const output = execFileSync(pythonPath(), [PEER, command, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output) as Output;
}

/** The first `rows` to fit, the others to test. */
export function readRows(
  folder: string,
  rows: number,
  isLabel: boolean,
): { readonly train: RowBlock; readonly test: RowBlock } {
  const values = readDoubles(join(folder, 'X.f64'));
  const y = readDoubles(join(folder, 'y.f64'));
  const labels: Column = isLabel
    ? { type: 'int32', values: Int32Array.from(y) }
    : { type: 'float64', values: y };
  const columns = Array.from({ length: FEATURES }, (_, i): [string, Column] => {
    return [`x${i}`, { type: 'float64', values: values.subarray(i * y.length, (i + 1) * y.length) }];
  });
  const [X, Y] = [new DataFrame(new Map(columns)), new DataFrame(new Map([['y', labels]]))];
  return {
    train: { X: X.slice(0, rows), y: Y.slice(0, rows) },
    test: { X: X.slice(rows, y.length), y: Y.slice(rows, y.length) },
  };
}

/** Into shared memory, as the readers of a store do. */
function readDoubles(path: string): Float64Array {
  const values = allocateFloat64(statSync(path).size / Float64Array.BYTES_PER_ELEMENT);
  const file = openSync(path, 'r');
  let read = 0;
  while (read < values.byteLength) {
    read += readSync(file, new Uint8Array(values.buffer, read), { position: read });
  }
  closeSync(file);
  return values;
}

export async function withThreads<Result>(use: (context: FitContext) => Promise<Result>): Promise<Result> {
  const threads = createThreads({ maxThreads: CORES, cores: CORES });
  try {
    return await use({ threads });
  } finally {
    await threads.close();
  }
}

export function estimatorOf(name: string): Estimator {
  const estimator = estimators.get(name);
  if (estimator) return estimator;
  throw new Error(`no estimator ${name}`);
}
