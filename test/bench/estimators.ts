/** Fits of forests and linear regressions, and scikit-learn's of the same rows, in turns, on two cores each. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Column } from '../../src/frame/column.ts';
import { DataFrame } from '../../src/frame/data-frame.ts';
import type { Estimator, FitContext } from '../../src/ml/estimator.ts';
import { estimators } from '../../src/ml/estimators.ts';
import type { RowBlock } from '../../src/ml/fit-blocks.ts';
import { score } from '../../src/ml/scoring.ts';
import { createThreads } from '../../src/threads/thread-pool.ts';
import { pythonPath } from '../support/python.ts';
import { type Comparison, pair } from './statistics.ts';

const CORES = 2;
const FEATURES = 20;
const TREES = 100;
const PEER = 'test/bench/peers/estimators.py';

interface ForestCase {
  readonly kind: 'classes' | 'numbers';
  readonly rows: number;
  readonly rounds: number;
  readonly goal: string;
}

const FORESTS: readonly ForestCase[] = [
  { kind: 'classes', rows: 10_000, rounds: 5, goal: '<= 0.33x' },
  { kind: 'classes', rows: 100_000, rounds: 1, goal: '<= 0.25x' },
  { kind: 'numbers', rows: 100_000, rounds: 1, goal: '<= 0.5x' },
];
/** Scores of as many rows may differ by so much. */
const MAX_DIFFERENCE = 0.005;

/** Seconds of a fit of 100 trees; both sides draw the same number of features, and rows with replacement. */
export async function forestFit(): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const forest of FORESTS) {
    const { kind, rows } = forest;
    comparisons.push(...(await withData(kind, rows, 0, (folder) => compareForests(folder, forest))));
  }
  return comparisons;
}

/** CPU seconds of a fit, also of columns far from zero. */
export async function linearFit(): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const offset of [0, 1e6]) {
    comparisons.push(
      await withData('line', 100_000, offset, (folder) => compareLines(folder, 100_000, offset)),
    );
  }
  return comparisons;
}

/** Of fits of the same rows, one after the other. */
interface Fits {
  readonly seconds: number[];
  /** Of all threads. */
  readonly cpu: number[];
  readonly score: number;
  readonly megabytes: number;
}

async function compareForests(
  folder: string,
  { kind, rows, rounds, goal }: ForestCase,
): Promise<Comparison[]> {
  const name = kind === 'classes' ? 'RandomForestClassifier' : 'RandomForestRegression';
  const peer = runPeer<Fits>('forest', [folder, kind, `${rows}`, `${FEATURES}`, `${TREES}`, `${rounds}`]);
  const own = await fitForests(folder, name, rows, rounds);
  if (Math.abs(own.score - peer.score) > MAX_DIFFERENCE) {
    throw new Error(`${name} of ${rows} rows scores ${own.score}, scikit-learn's ${peer.score}`);
  }
  const what = `${name} of ${rows} x ${FEATURES}, ${TREES} trees`;
  return [
    pair(`${what}: fit`, 's', [median(own.seconds), median(peer.seconds)], goal),
    pair(`${what}: CPU of the fit`, 's', [median(own.cpu), median(peer.cpu)]),
    pair(`${what}: score of other rows`, '', [own.score, peer.score]),
    pair(`${what}: peak memory`, 'MB', [own.megabytes, peer.megabytes]),
  ];
}

/** Timed warm, as the peer is: threads have started, and their code is compiled. */
async function fitForests(folder: string, name: string, rows: number, rounds: number): Promise<Fits> {
  const estimator = estimatorOf(name);
  const { train, test } = readRows(folder, rows, name === 'RandomForestClassifier');
  const seconds: number[] = [];
  const cpu: number[] = [];
  return withThreads(async (context) => {
    const grow = (nEstimators: number, { X, y }: RowBlock) =>
      estimator.fit(estimator.parseOptions({ nEstimators }), X, y, context);
    let state = await grow(20, { X: train.X.slice(0, 2000), y: train.y.slice(0, 2000) });
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      const before = process.cpuUsage();
      state = await grow(TREES, train);
      seconds.push((performance.now() - start) / 1000);
      const { user, system } = process.cpuUsage(before);
      cpu.push((user + system) / 1e6);
    }
    const { value } = await score(estimator, state, test.X, test.y, context);
    return { seconds, cpu, score: value, megabytes: process.resourceUsage().maxRSS / 1024 };
  });
}

interface Line {
  readonly seconds: number[];
  readonly coef: number[];
}

const ROUNDS = 5;

async function compareLines(folder: string, rows: number, offset: number): Promise<Comparison> {
  const peer = runPeer<Line>('linear', [folder, `${rows}`, `${FEATURES}`]);
  const estimator = estimatorOf('MultivariateLinearRegression');
  const { X, y } = readRows(folder, rows, false).train;
  const seconds: number[] = [];
  let weights: ArrayLike<number> = [];
  await withThreads(async (context) => {
    for (let round = 0; round <= ROUNDS; round += 1) {
      const start = process.cpuUsage();
      const state = await estimator.fit(estimator.parseOptions({}), X, y, context);
      const { user, system } = process.cpuUsage(start);
      // The first round compiles the code.
      if (round > 0) seconds.push((user + system) / 1e6);
      weights = state.arrays.weights ?? [];
    }
  });
  const furthest = peer.coef.reduce(
    (most, coef, i) => Math.max(most, Math.abs(coef - (weights[i] ?? 0)) / Math.abs(coef)),
    0,
  );
  if (furthest > 1e-9) throw new Error(`coefficients differ by ${furthest}`);
  const what = `linear fit of ${rows} x ${FEATURES}, x around ${offset}, coefficients within ${furthest.toExponential(0)}`;
  return pair(what, 's of CPU', [median(seconds), median(peer.seconds)], '<= 1x');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function withData<Result>(
  kind: string,
  rows: number,
  offset: number,
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

async function withThreads<Result>(use: (context: FitContext) => Promise<Result>): Promise<Result> {
  const threads = createThreads({ maxThreads: CORES, cores: CORES });
  try {
    return await use({ threads });
  } finally {
    await threads.close();
  }
}

function runPeer<Output>(command: string, args: readonly string[]): Output {
  const output = execFileSync(pythonPath(), [PEER, command, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output) as Output;
}

function estimatorOf(name: string): Estimator {
  const estimator = estimators.get(name);
  if (estimator) return estimator;
  throw new Error(`no estimator ${name}`);
}

/** The first `rows` to fit, the others to test. */
function readRows(folder: string, rows: number, isLabel: boolean) {
  const values = readDoubles(folder, 'X');
  const y = readDoubles(folder, 'y');
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

function readDoubles(folder: string, name: string): Float64Array {
  const bytes = readFileSync(join(folder, `${name}.f64`));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
