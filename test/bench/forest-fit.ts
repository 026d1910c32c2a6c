/** Fits of forests, and scikit-learn's of the same rows, each in a process of its own, in turns, on two cores. */
import { execFileSync } from 'node:child_process';
import { FEATURES, runPeer, withData } from './estimator-data.ts';
import { type Comparison, median, pair, single } from './statistics.ts';

interface ForestCase {
  readonly kind: 'classes' | 'numbers';
  readonly rows: number;
  readonly trees: number;
  readonly rounds: number;
  readonly goal?: string;
}

/** Of fits of the same rows, one after the other. */
export interface ForestFits {
  readonly seconds: number[];
  /** Seconds of all threads. */
  readonly cpu: number[];
  readonly score: number;
  /** The most that the process had in memory, with the rows. */
  readonly megabytes: number;
}

const FORESTS: readonly ForestCase[] = [
  { kind: 'classes', rows: 10_000, trees: 100, rounds: 5, goal: '<= 0.33x' },
  { kind: 'classes', rows: 100_000, trees: 100, rounds: 1, goal: '<= 0.25x' },
  { kind: 'numbers', rows: 100_000, trees: 100, rounds: 1, goal: '<= 0.5x' },
];
/** Scores of 100 trees may differ by so much, and those of fewer by more: a score is a mean of so many. */
const MAX_DIFFERENCE = 0.005;

/** Seconds of a fit of 100 trees; both sides draw the same number of features, and rows with replacement. */
export async function forestFit(): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const forest of FORESTS) comparisons.push(...compareForests(forest, await fitBoth(forest)));
  return comparisons;
}

const GROWING_ROWS = [10_000, 100_000, 1_000_000];

/** How the time of a fit grows with the rows: as their number to the power of the exponent. */
export async function forestGrowth(): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  const cpu: number[] = [];
  for (const rows of GROWING_ROWS) {
    // The first fits of few rows are slow: code is compiled.
    const forest: ForestCase = { kind: 'classes', rows, trees: 10, rounds: rows < 1_000_000 ? 5 : 1 };
    const both = await fitBoth(forest);
    comparisons.push(...compareForests(forest, both));
    cpu.push(median(both.own.cpu));
  }
  comparisons.push(single('exponent of the CPU time by rows', '', exponent(GROWING_ROWS, cpu), '<= 1.15'));
  return comparisons;
}

interface BothFits {
  readonly own: ForestFits;
  readonly peer: ForestFits;
}

function fitBoth({ kind, rows, trees, rounds }: ForestCase): Promise<BothFits> {
  return withData({ kind, rows }, async (folder) => {
    const peer = runPeer<ForestFits>('forest', [
      folder,
      kind,
      `${rows}`,
      `${FEATURES}`,
      `${trees}`,
      `${rounds}`,
    ]);
    const script = ['dist/test/bench/fit-process.js', folder, kind, `${rows}`, `${trees}`, `${rounds}`];
    const own = JSON.parse(execFileSync(process.execPath, script, { encoding: 'utf8' })) as ForestFits;
    return { own, peer };
  });
}

function compareForests({ kind, rows, trees, goal }: ForestCase, { own, peer }: BothFits): Comparison[] {
  const name = kind === 'classes' ? 'RandomForestClassifier' : 'RandomForestRegression';
  if (Math.abs(own.score - peer.score) > MAX_DIFFERENCE * Math.sqrt(100 / trees)) {
    throw new Error(`${name} of ${rows} rows scores ${own.score}, scikit-learn's ${peer.score}`);
  }
  const what = `${name} of ${rows} x ${FEATURES}, ${trees} trees`;
  return [
    pair(`${what}: fit`, 's', [median(own.seconds), median(peer.seconds)], goal),
    pair(`${what}: CPU of the fit`, 's', [median(own.cpu), median(peer.cpu)]),
    pair(`${what}: score of other rows`, '', [own.score, peer.score]),
    pair(`${what}: peak memory`, 'MB', [own.megabytes, peer.megabytes], '< 1x'),
  ];
}

/** The slope of the line nearest to all points, in logarithms. */
function exponent(rows: readonly number[], seconds: readonly number[]): number {
  const [x, y] = [rows.map(Math.log), seconds.map(Math.log)];
  const [meanX, meanY] = [mean(x), mean(y)];
  const products = x.map((value, i) => (value - meanX) * ((y[i] ?? Number.NaN) - meanY));
  return mean(products) / mean(x.map((value) => (value - meanX) ** 2));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
